import type { IncomingMessage, ServerResponse } from 'node:http';
import { authorize } from '../../access/index.ts';
import type { Gateway } from '../../gateway/index.ts';
import type { Bus, Clock, Database, Json } from '../../kernel/index.ts';
import type { Door, Entered } from '../door/index.ts';
import { isMcpPath, readAddress } from './address.ts';
import { eraOf } from './check-headers.ts';
import { createLegacyCodec } from './codec-legacy.ts';
import { createModernCodec } from './codec-modern.ts';
import { methodNotAllowed, type WireError } from './errors.ts';
import type { Exchange, Log, Parts } from './exchange.ts';
import { createElicitations } from './elicitations.ts';
import { createInFlight } from './in-flight.ts';
import { createToolList } from './list-tools.ts';
import { idTextOf } from './message.ts';
import { readBody } from './read-body.ts';
import { readAccept, sendError } from './reply.ts';
import { challenge } from './resource-metadata.ts';
import { serveLegacy, endSession, serveStream } from './serve-legacy.ts';
import { serveModern } from './serve-modern.ts';
import { explain } from './serve-request.ts';
import { createSessions } from './sessions.ts';
import { createStreams } from './streams.ts';

export type McpEdgeDeps = {
  gateway: Gateway;
  door: Door;
  database: Database;
  bus: Bus;
  clock: Clock;
  /** Signs session ids and cursors; the same on every replica. */
  sessionKey: Buffer;
  /** Of the product, as told to clients. */
  version: string;
  publicUrl: () => string;
  log: Log;
  /** Throws Fault `unavailable` while the database is away, also for what could be answered from memory. */
  assertDatabase?: () => Promise<void>;
};

export type McpEdge = {
  /** True for the paths this edge answers, whatever the method. */
  owns(path: string): boolean;
  /** Answers a request that has passed the door. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, entered: Entered): Promise<void>;
  /** Ends every open stream. */
  close(): Promise<void>;
};

export function createMcpEdge(deps: McpEdgeDeps): McpEdge {
  const stopping = new AbortController();
  const parts = build(deps, stopping.signal);

  const handle = async (
    request: IncomingMessage,
    response: ServerResponse,
    entered: Entered,
  ): Promise<void> => {
    let body: Json = null;
    try {
      await deps.assertDatabase?.();
      const exchange = await enter(deps, request, response, entered);
      const accepted = readAccept(request.headers.accept);
      switch (request.method ?? '') {
        case 'POST':
          body = await readBody(request);
          if (eraOf(request.headers, body) === 'modern') {
            await serveModern(parts, await withView(deps, exchange), body, accepted);
          } else await serveLegacy(parts, await withView(deps, exchange), body, accepted);
          return;
        case 'GET':
          await serveStream(parts, await withView(deps, exchange), accepted);
          return;
        case 'DELETE':
          await endSession(parts, await withView(deps, exchange));
          return;
        default:
          throw methodNotAllowed('This address takes POST, GET and DELETE.', 'POST, GET, DELETE');
      }
    } catch (error) {
      const wire = explain(deps.log, error, eraOf(request.headers, body), entered.requestId);
      refuse(parts, response, entered, idTextOf(body), wire);
    }
  };

  return {
    owns: isMcpPath,
    handle,
    async close() {
      stopping.abort();
      parts.streams.close();
      parts.sessions.close();
      parts.inFlight.close();
      parts.elicitations.close();
    },
  };
}

function build(deps: McpEdgeDeps, stopping: AbortSignal): Parts {
  const { gateway, door, clock, log, database, bus, version } = deps;
  const sessions = createSessions({ database, bus, clock, key: deps.sessionKey });
  const elicitations = createElicitations({ database, bus });
  const streams = createStreams({ gateway, door, clock, log, elicitations });
  sessions.onEnd((tag) => streams.endSession(tag));
  return {
    gateway,
    door,
    challenge: (path) => challenge(deps.publicUrl(), path),
    clock,
    log,
    stopping,
    sessions,
    streams,
    elicitations,
    inFlight: createInFlight({ database, bus }),
    toolList: createToolList(deps.sessionKey),
    modern: createModernCodec(version),
    legacy: {
      '2025-11-25': createLegacyCodec('2025-11-25', version),
      '2025-06-18': createLegacyCodec('2025-06-18', version),
      '2025-03-26': createLegacyCodec('2025-03-26', version),
    },
  };
}

type Entering = Omit<Exchange, 'view'>;

/** Who is calling, whether it may call tools at all, and where it came in. */
async function enter(
  deps: McpEdgeDeps,
  request: IncomingMessage,
  response: ServerResponse,
  entered: Entered,
): Promise<Entering> {
  const identified = deps.door.identify(request);
  const principal = identified instanceof Promise ? await identified : identified;
  authorize(principal, 'runtime:all');
  const address = readAddress(entered.path, entered.query);
  return { request, response, requestId: entered.requestId, principal, address };
}

async function withView(deps: McpEdgeDeps, entering: Entering): Promise<Exchange> {
  const viewed = deps.gateway.view(entering.principal, entering.address);
  return { ...entering, view: viewed instanceof Promise ? await viewed : viewed };
}

function refuse(
  parts: Parts,
  response: ServerResponse,
  entered: Entered,
  idText: string | null,
  wire: WireError,
): void {
  const headers = { ...wire.headers };
  if (wire.status === 401) headers['WWW-Authenticate'] = parts.challenge(entered.path);
  // Without a request to answer, the status has to carry the failure.
  const bare = wire.code === -32603 ? 503 : 400;
  const status = wire.status === 200 && idText === null ? bare : wire.status;
  sendError(response, idText, { ...wire, status, headers });
}

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Principal, Scope } from '../../src/access/index.ts';
import type { Door } from '../../src/edges/door/index.ts';
import { createMcpEdge, type McpEdge } from '../../src/edges/mcp/index.ts';
import type { CallAnswer, CallRequest, Gateway, Address, View, ViewTool } from '../../src/gateway/index.ts';
import {
  Fault,
  newId,
  openEmbeddedDatabase,
  type Bus,
  type Clock,
  type Database,
  type OpenDatabase,
} from '../../src/kernel/index.ts';

// A gateway whose packs a test holds in its hands, behind the real edge on real sockets.

export const organizationId: string = newId();
export const packId: string = newId();
export const userId: string = newId();

export function toolOf(name: string, more: object = {}): ViewTool {
  const tool = { name, description: `Does ${name}.`, inputSchema: { type: 'object' }, ...more };
  return { name, json: JSON.stringify(tool) };
}

export function keyOf(
  id: string,
  scopes: readonly Scope[] = ['runtime:all'],
  expiresAt: Date | null = null,
): Principal {
  return {
    type: 'key',
    id,
    organizationId,
    isOperator: false,
    scopes: new Set(scopes),
    packIds: null,
    userIds: null,
    workspaceIds: null,
    rateLimit: { perMinute: null, perHour: null },
    expiresAt,
  };
}

export type Counter = {
  /** Key text to principal; deleting one revokes it. */
  keys: Map<string, Principal>;
  calls: CallRequest[];
  /** What a call does; answers its arguments unless a test says otherwise. */
  onCall: (request: CallRequest) => Promise<CallAnswer>;
  view: View;
  /** What an address shows; the view, at the pack’s address, unless a test says otherwise. */
  onView: (address: Address) => View;
  /** What a call waits for whose person has gone to connect an account; nothing unless a test says otherwise. */
  onWait: (signal: AbortSignal) => Promise<void>;
  /** What clients answered to questions by messages of their own. */
  answers: { state: string; action: string | null }[];
  /** What a call waits for whose person was asked. */
  onDecide: (signal: AbortSignal) => Promise<void>;
  /** Puts other tools into the pack and tells, as a committed change does. */
  change(tools: readonly ViewTool[]): void;
  tell(): void;
  gateway: Gateway;
  door: Door;
};

export function createCounter(tools: readonly ViewTool[]): Counter {
  const listeners = new Set<(organizationId: string) => void>();
  const counter: Counter = {
    keys: new Map([
      ['good', keyOf('key-1')],
      ['other', keyOf('key-2')],
      ['manager', keyOf('key-3', ['packs:read'])],
    ]),
    calls: [],
    onCall: async (request) => ({
      callId: 'call',
      result: {
        content: [{ type: 'text', text: JSON.stringify(request.arguments ?? null) }],
        isError: false,
      },
    }),
    view: {
      organizationId,
      packId,
      packName: 'Desk',
      instructions: 'Tools of the desk.',
      userId: null,
      tools,
      unconnected: [],
    },
    onView(address) {
      const { userId: user } = address;
      const pack = 'pack' in address ? address.pack : null;
      if (pack !== 'desk' && pack !== packId) throw new Fault('not_found', 'Not found.');
      if (user !== null && user !== userId) throw new Fault('not_found', 'Not found.');
      return counter.view;
    },
    onWait: async () => undefined,
    answers: [],
    onDecide: async () => undefined,
    change(next) {
      counter.view = { ...counter.view, tools: next };
      counter.tell();
    },
    tell: () => {
      for (const listener of listeners) listener(organizationId);
    },
    gateway: {
      view: (_principal, address) => counter.onView(address),
      async call(request) {
        counter.calls.push(request);
        if (!counter.view.tools.some((tool) => tool.name === request.tool)) {
          throw new Fault('not_found', `No tool ${request.tool}.`, { code: 'unknown_tool' });
        }
        return counter.onCall(request);
      },
      untilConnected: (_principal, _address, _tool, signal) => counter.onWait(signal),
      answerApproval: async (_caller, _address, answer) => void counter.answers.push(answer),
      untilDecided: (_principal, _approvalId, signal) => counter.onDecide(signal),
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    door: {
      enter: () => null,
      identify(request) {
        const key = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
        const principal = counter.keys.get(key);
        if (!principal) throw new Fault('unauthenticated', 'A valid key is needed.');
        return principal;
      },
    },
  };
  return counter;
}

export const openGround = async (): Promise<OpenDatabase> => {
  const root = join(import.meta.dirname, '../..');
  const opened = await openEmbeddedDatabase({
    directory: null,
    migrations: join(root, 'migrations'),
    templates: [join(root, '.cache/template')],
  });
  await opened.database.transaction('system', async (tx) => {
    await sql`insert into organizations (organization_id, slug, name, created_at)
      values (${organizationId}, 'desk', 'Desk', now())`.execute(tx.kysely);
  });
  return opened;
};

export type Replica = { edge: McpEdge; server: Server; url: string; close(): Promise<void> };

/** One process's edge on a port of its own. Replicas share the database, the bus and the counter. */
export async function openReplica(
  counter: Counter,
  ground: { database: Database; bus: Bus },
  clock: Clock = { now: () => new Date() },
): Promise<Replica> {
  const edge = createMcpEdge({
    gateway: counter.gateway,
    door: counter.door,
    database: ground.database,
    bus: ground.bus,
    clock,
    sessionKey: Buffer.alloc(32, 7),
    version: '0.1.0',
    publicUrl: () => 'http://crib.example',
    log: { error: () => undefined },
  });
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    response.setHeader('X-Request-Id', 'req_1');
    if (!edge.owns(path)) {
      response.writeHead(404).end();
      return;
    }
    void edge.handle(request, response, { requestId: 'req_1', path, query: new URLSearchParams(query) });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    edge,
    server,
    url: `http://127.0.0.1:${port}`,
    async close() {
      await edge.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

// Speaking to it

export const both = 'application/json, text/event-stream';
const metaOf = (more: object = {}) => ({
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
  ...more,
});

/** A modern request as a correct client sends it. */
export function modern(
  method: string,
  params: { [key: string]: unknown } = {},
  options: {
    id?: unknown;
    key?: string;
    meta?: object;
    headers?: Record<string, string>;
    signal?: AbortSignal;
  } = {},
): RequestInit {
  const name = params['name'] ?? params['uri'];
  return {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${options.key ?? 'good'}`,
      'Content-Type': 'application/json',
      Accept: both,
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
      ...options.headers,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: options.id ?? 1,
      method,
      params: { ...params, _meta: metaOf(options.meta) },
    }),
    signal: options.signal ?? null,
  };
}

/** A message of an older revision, in a session where one is given. */
export function legacy(
  body: unknown,
  options: { key?: string; session?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): RequestInit {
  return {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${options.key ?? 'good'}`,
      'Content-Type': 'application/json',
      Accept: both,
      ...(options.session ? { 'Mcp-Session-Id': options.session } : {}),
      ...options.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: options.signal ?? null,
  };
}

export const request = (method: string, params?: object, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params ? { params } : {}),
});

/** Asks what tools there are, in the newest revision. */
export const listing = {
  body: {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/list',
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
  headers: {
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/list',
  },
};

export async function initialize(url: string, revision = '2025-11-25', key = 'good'): Promise<string> {
  const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const response = await fetch(url, legacy(request('initialize', params), { key }));
  await response.json();
  return response.headers.get('mcp-session-id') ?? '';
}

export type Answered = {
  jsonrpc: string;
  id?: unknown;
  result?: { [key: string]: unknown };
  error?: { code: number; message: string; data?: { [key: string]: unknown } };
  method?: string;
  params?: { [key: string]: unknown };
};

export async function ask(
  url: string,
  init: RequestInit,
): Promise<{ status: number; headers: Headers; body: Answered }> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answered };
}

/** The messages of a stream of events, one after the other. */
export async function* eventsOf(response: Response): AsyncGenerator<Answered> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(text.slice(0, end))?.[1];
      text = text.slice(end + 2);
      if (data !== undefined) yield JSON.parse(data) as Answered;
    }
  }
}

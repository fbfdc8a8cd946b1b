import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Authenticator, PresentedKeys } from '../../access/index.ts';
import { drawHex } from '../../kernel/index.ts';
import { admitHost } from './admit-host.ts';
import { admitOrigin, crossOriginHeaders, preflightHeaders } from './admit-origin.ts';
import { securityHeaders } from './security-headers.ts';
import type { Door, Entered } from './types.ts';

export type DoorOptions = {
  /** The origin used in every link; request headers never are. */
  publicUrl: URL;
  /** TOOLCRIB_ALLOWED_HOSTS. */
  allowedHosts: readonly string[];
  /** TOOLCRIB_ALLOWED_ORIGINS. */
  allowedOrigins: readonly string[];
  authenticator: Authenticator;
};

/** Asked by load balancers and orchestrators under whatever name they know. */
const anyHost = new Set(['/healthz', '/readyz']);

type Refusal = { status: 400 | 403 | 421; code: string; message: string };

export function createDoor(options: DoorOptions): Door {
  const headers = securityHeaders(options.publicUrl);
  return {
    enter(request, response) {
      const requestId = `req_${drawHex(12)}`;
      response.setHeader('X-Request-Id', requestId);
      for (const [name, value] of headers) response.setHeader(name, value);
      const entered = readTarget(request.url ?? '', requestId);
      const refusal = entered === null ? badTarget : refusalFor(request, entered, options);
      if (refusal || !entered) return refuse(response, requestId, refusal ?? badTarget);

      const { origin } = request.headers;
      if (origin !== undefined) setAll(response, crossOriginHeaders(origin));
      if (request.method === 'OPTIONS' && request.headers['access-control-request-method']) {
        setAll(response, preflightHeaders(request.headers['access-control-request-headers']));
        response.writeHead(204).end();
        return null;
      }
      return entered;
    },
    identify(request) {
      const presented = presentedKeys(request);
      return options.authenticator.recall(presented) ?? options.authenticator.authenticate(presented);
    },
  };
}

/** Only the plain form of a target: a path. An absolute one would name a host of its own. */
function readTarget(target: string, requestId: string): Entered | null {
  if (!target.startsWith('/') || target.startsWith('//') || /[\\#]/.test(target)) return null;
  const mark = target.indexOf('?');
  return {
    requestId,
    path: mark < 0 ? target : target.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? '' : target.slice(mark + 1)),
  };
}

const badTarget: Refusal = {
  status: 400,
  code: 'malformed_request',
  message: 'The request target must be a path.',
};

function refusalFor(request: IncomingMessage, entered: Entered, options: DoorOptions): Refusal | null {
  if (!anyHost.has(entered.path)) {
    const sent = headerValues(request, 'host');
    const host = sent.length === 1 ? admitHost(sent[0], request.socket, options) : 'unreadable';
    if (host === 'unreadable') {
      return { status: 400, code: 'malformed_host', message: 'The Host header is missing or unreadable.' };
    }
    if (host === 'foreign') {
      const message = 'This server does not answer for this Host. TOOLCRIB_ALLOWED_HOSTS adds names.';
      return { status: 421, code: 'host_not_allowed', message };
    }
  }
  const origins = headerValues(request, 'origin');
  if (origins.length > 1 || (origins[0] !== undefined && !admitOrigin(origins[0], options))) {
    const message = 'This browser origin is not allowed. TOOLCRIB_ALLOWED_ORIGINS adds origins.';
    return { status: 403, code: 'origin_not_allowed', message };
  }
  return null;
}

/** The door does not know contracts: what it refuses is answered in the product's own shape. */
function refuse(response: ServerResponse, requestId: string, refusal: Refusal): null {
  const { status, code, message } = refusal;
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' });
  response.end(JSON.stringify({ error: { code, message, request_id: requestId } }));
  return null;
}

/** Every key a request presents. Node folds repeated headers into one, so they are read as they were sent. */
export function presentedKeys(request: Pick<IncomingMessage, 'rawHeaders'>): PresentedKeys {
  return {
    authorization: headerValues(request, 'authorization'),
    apiKey: headerValues(request, 'x-api-key'),
  };
}

function headerValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at]!;
    if (sent.length !== name.length || sent.toLowerCase() !== name) continue;
    values.push(rawHeaders[at + 1]!.trim());
  }
  return values;
}

function setAll(response: ServerResponse, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
}

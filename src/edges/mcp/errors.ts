import { Fault, unreachable } from '../../kernel/index.ts';
import { supportedRevisions, type Era } from './revisions.ts';

/** A failure as a client sees it: the HTTP status and JSON-RPC's error object. */
export type WireError = {
  status: number;
  code: number;
  message: string;
  data?: Record<string, unknown>;
  headers?: Record<string, string>;
};

// The protocol's own failures. Codes from -32020 on are the specification's alone; nothing is added there.

export const invalidRequest = (message: string): Fault =>
  new Fault('invalid', message, { code: 'invalid_request' });

export const invalidParams = (message: string): Fault =>
  new Fault('invalid', message, { code: 'invalid_params' });

/** A request of the modern era without its required `_meta` fields. */
export const malformedMeta = (message: string): Fault =>
  new Fault('invalid', message, { code: 'malformed_meta' });

export const headerMismatch = (message: string): Fault =>
  new Fault('invalid', `Header mismatch: ${message}`, { code: 'header_mismatch' });

export const unsupportedRevision = (requested: string): Fault =>
  new Fault('invalid', 'Unsupported protocol version.', {
    code: 'unsupported_protocol_version',
    details: { supported: supportedRevisions, requested },
  });

/** `requiredCapabilities` is a ClientCapabilities object: `{ elicitation: {} }`. */
export const missingCapability = (requiredCapabilities: Record<string, object>): Fault =>
  new Fault('invalid', 'The client did not declare a capability this request needs.', {
    code: 'missing_client_capability',
    details: { requiredCapabilities },
  });

/** Revision 2025-11-25: the request can be repeated when its person has been to these pages. */
export const urlElicitationRequired = (message: string, elicitations: readonly object[]): Fault =>
  new Fault('invalid', message, { code: 'url_elicitation_required', details: { elicitations } });

export const methodNotFound = (): Fault =>
  new Fault('not_found', 'Method not found.', { code: 'method_not_found' });

export const sessionGone = (): Fault =>
  new Fault(
    'not_found',
    'The session is unknown or has ended. Send initialize again, without a session id.',
    {
      code: 'session_gone',
    },
  );

/** One body for a pack that is absent, foreign, or outside the key's scope. */
export const absentPack = (): Fault => new Fault('not_found', 'Resource not in API key scope.');

export const methodNotAllowed = (message: string, allow: string): Fault =>
  new Fault('invalid', message, { code: 'method_not_allowed', details: { allow } });

export const notAcceptable = (message: string): Fault =>
  new Fault('invalid', message, { code: 'not_acceptable' });

/** Turns any failure into its shape on the wire. `requestId` is what the operator finds in the log. */
export function wireErrorOf(error: unknown, era: Era, requestId: string): WireError {
  const fault = error instanceof Fault ? error : new Fault('internal', 'unexpected', { cause: error });
  const { message } = fault;
  switch (fault.kind) {
    case 'malformed':
      return { status: 400, code: -32700, message };
    case 'unsupported_media_type':
      return { status: 415, code: -32600, message };
    case 'too_large':
      return { status: 413, code: -32600, message, headers: { Connection: 'close' } };
    case 'invalid':
      return invalidOnWire(fault);
    case 'unauthenticated':
      return { status: 401, code: -32600, message };
    case 'forbidden':
      return { status: 403, code: -32600, message };
    case 'not_found':
      return notFoundOnWire(fault, era);
    case 'conflict':
      return { status: 409, code: -32600, message };
    case 'rate_limited':
      return { status: 429, code: -32603, message, headers: retryAfter(fault) };
    case 'unavailable':
      return { status: 503, code: -32603, message, headers: retryAfter(fault) };
    case 'upstream':
      return { status: 200, code: -32603, message };
    case 'internal':
      return {
        status: 200,
        code: -32603,
        message: 'Something went wrong here. The request id finds it in the log.',
        data: { requestId },
      };
    default:
      return unreachable(fault.kind);
  }
}

function invalidOnWire(fault: Fault): WireError {
  const { message } = fault;
  switch (fault.code) {
    case 'invalid_request':
      return { status: 400, code: -32600, message };
    case 'malformed_meta':
    case 'invalid_query':
      return { status: 400, code: -32602, message };
    case 'header_mismatch':
      return { status: 400, code: -32020, message };
    case 'unsupported_protocol_version':
      return { status: 400, code: -32022, message, data: fault.details };
    case 'missing_client_capability':
      return { status: 400, code: -32021, message, data: fault.details };
    case 'url_elicitation_required':
      return { status: 200, code: -32042, message, data: fault.details };
    case 'not_acceptable':
      return { status: 406, code: -32600, message };
    case 'method_not_allowed':
      return { status: 405, code: -32600, message, headers: { Allow: String(fault.details['allow']) } };
    default:
      return { status: 200, code: -32602, message };
  }
}

function notFoundOnWire(fault: Fault, era: Era): WireError {
  switch (fault.code) {
    case 'unknown_tool':
      // One sentence whatever the reason: an agent cannot learn what exists but is not for it.
      return { status: 200, code: -32602, message: 'No such tool here.' };
    case 'method_not_found':
      return { status: era === 'modern' ? 404 : 200, code: -32601, message: fault.message };
    case 'session_gone':
      return { status: 404, code: -32600, message: fault.message };
    default:
      return { status: 404, code: -32601, message: absentPack().message };
  }
}

const retryAfter = (fault: Fault): Record<string, string> => ({
  'Retry-After': String(Math.max(1, Math.ceil(fault.retryAfter ?? 2))),
});

import type { Client } from '@modelcontextprotocol/client';
import { badReply, endedBy } from '../../egress/index.ts';
import { Fault } from '../../kernel/index.ts';
import { signRequest } from '../authorize.ts';
import { readRefusal } from '../read-refusal.ts';
import type { Refusal } from '../types.ts';
import { productVersion, userAgent } from '../user-agent.ts';
import { capResponse } from './cap-response.ts';
import type { Channel, Session } from './session.ts';

const patience = 30_000;
/** Bytes of any one answer while a session is opened. */
const openingCap = 1024 * 1024;

/** How the server answered while a session was being opened. */
type Seen = { status: number | null; refusal: Refusal | undefined; fault: Fault | null };

/**
 * Finds out which era a server speaks and, in the older one, opens a session: with the official client, which
 * knows the fallbacks, over our guarded and signed fetch. Throws Fault `upstream`, with code `unauthorized`
 * or `service_error` and the HTTP status where the server refused.
 */
export async function openSession(channel: Channel): Promise<Session> {
  const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
  const seen: Seen = { status: null, refusal: undefined, fault: null };
  const signal = AbortSignal.timeout(patience);
  const transport = new StreamableHTTPClientTransport(new URL(channel.target.address), {
    fetch: signedFetch(channel, seen, signal),
  });
  const client = new Client(
    { name: 'toolcrib', version: productVersion },
    { versionNegotiation: { mode: 'auto' }, capabilities: {} },
  );
  try {
    await client.connect(transport, { signal, timeout: patience });
    return sessionOf(client, transport.sessionId ?? null);
  } catch (error) {
    throw openingFault(error, seen, signal);
  } finally {
    // Ends the client's own streams; the session at the server stays open for us.
    await client.close().catch(() => undefined);
  }
}

export function sessionOf(client: Client, sessionId: string | null): Session {
  const server = client.getServerVersion();
  const era = client.getProtocolEra();
  return {
    era: era === 'modern' ? 'modern' : 'legacy',
    version: client.getNegotiatedProtocolVersion() ?? '2025-03-26',
    sessionId,
    server: server ? { name: server.name, version: server.version } : null,
    instructions: client.getInstructions() ?? null,
  };
}

function signedFetch(
  { egress, unsealer, target, credential }: Channel,
  seen: Seen,
  deadline: AbortSignal,
): (url: string | URL, init?: RequestInit) => Promise<Response> {
  const guarded = egress.fetch(target.localOrigin);
  return async (url, init) => {
    // The stream for unasked messages is not used: nobody would read it.
    if (init?.method === 'GET') return new Response(null, { status: 405 });
    try {
      const headers = { ...Object.fromEntries(new Headers(init?.headers)), 'user-agent': userAgent };
      const signed = await signRequest(unsealer, target, credential, String(url), headers);
      const signal = init?.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
      const response = await guarded(signed.url, {
        ...init,
        headers: signed.headers,
        signal,
        redirect: 'manual',
      });
      seen.status = response.status;
      const challenge = response.headers.get('www-authenticate') ?? undefined;
      seen.refusal = readRefusal(response.status, { 'www-authenticate': challenge });
      return capResponse(response, openingCap);
    } catch (error) {
      if (error instanceof Fault) seen.fault = error;
      throw error;
    }
  };
}

function openingFault(error: unknown, seen: Seen, signal: AbortSignal): Fault {
  if (seen.fault) return seen.fault;
  if (signal.aborted) return endedBy(signal);
  const { status } = seen;
  if (status === 401 || status === 403) return refusedSession(status, seen.refusal);
  if (status !== null && status >= 300) {
    return new Fault('upstream', `The service answered with status ${status} instead of opening a session.`, {
      code: 'service_error',
      details: { status },
      cause: error,
    });
  }
  return badReply('The service does not speak MCP over streamable HTTP as expected.');
}

export function refusedSession(status: number, refusal?: Refusal): Fault {
  return new Fault('upstream', `The service refused the credential with status ${status}.`, {
    code: 'unauthorized',
    details: { status, ...(refusal ? { refusal } : {}) },
  });
}

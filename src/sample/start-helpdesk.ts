import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerHelpdesk, type HelpdeskAnswer } from './answer-request.ts';
import { createDesk } from './helpdesk-data.ts';

/** The sample service, running. `url` is its origin. */
export type Helpdesk = { url: string; port: number; close(): Promise<void> };

const bodyLimit = 64 * 1024;

/** Starts the sample service on loopback: on `port` where that is free, else on one the system gives. */
export async function startHelpdesk(port: number | null): Promise<Helpdesk> {
  const desk = createDesk(new Date());
  const server = createServer((request, response) => {
    void answer(request)
      .catch((error: unknown): HelpdeskAnswer => {
        if (error instanceof Unreadable) return refusal(error.status, error.code, error.message);
        return refusal(500, 'internal', 'The helpdesk could not answer this.');
      })
      .then((answered) => send(response, answered));
  });
  const listening = await listen(server, port ?? 0);
  const url = `http://127.0.0.1:${listening}`;

  const answer = async (request: IncomingMessage): Promise<HelpdeskAnswer> => {
    // A page in a browser may point a name of its own at this port; it never sends this Host.
    if (request.headers.host !== `127.0.0.1:${listening}`) {
      throw new Unreadable(421, 'wrong_host', 'This service answers at its own address only.');
    }
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const method = request.method ?? 'GET';
    const body = method === 'GET' ? null : await readBody(request);
    return answerHelpdesk(desk, { method, path: pathname, query: searchParams, body }, url, new Date());
  };

  return {
    url,
    port: listening,
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    if (port === 0 || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return listen(server, 0);
  }
  return (server.address() as AddressInfo).port;
}

class Unreadable extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new Unreadable(413, 'too_large', 'The body is larger than 64 KiB.');
    chunks.push(chunk);
  }
  if (size === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Unreadable(400, 'malformed', 'The body is not JSON.');
  }
}

const refusal = (status: number, code: string, message: string): HelpdeskAnswer => ({
  status,
  body: { error: { code, message } },
});

function send(response: ServerResponse, { status, body }: HelpdeskAnswer): void {
  if (body === null) {
    response.writeHead(status).end();
    return;
  }
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

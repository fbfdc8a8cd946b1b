import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type SeenRequest = {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
};

/** A loopback service: what it was asked, and how to stop it. */
export type Fake = {
  url: string;
  port: number;
  requests: SeenRequest[];
  close(): Promise<void>;
};

export type Answer = (seen: SeenRequest, response: ServerResponse, request: IncomingMessage) => unknown;

/** A real HTTP server on a free loopback port that answers as the test says and records what it was asked. */
export async function httpService(answer: Answer): Promise<Fake> {
  const requests: SeenRequest[] = [];
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const seen = {
        method: request.method!,
        url: request.url!,
        headers: request.headers,
        body: Buffer.concat(parts),
      };
      requests.push(seen);
      answer(seen, response, request);
    });
  };
  return { ...(await listen(listener)), requests };
}

/** Any listener on a free loopback port. */
export async function listen(listener: RequestListener): Promise<Omit<Fake, 'requests'>> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function sendJson(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

/** A port that nobody listens on. */
export async function closedPort(): Promise<number> {
  const fake = await listen(() => undefined);
  await fake.close();
  return fake.port;
}

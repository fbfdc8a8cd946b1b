import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';

export type Asked = { method: string; path: string; query: string; key: string; body: unknown };
/** What a route answers: what goes under `data`, or what `refuse` made. */
export type Routes = Readonly<Record<string, (asked: Asked) => unknown>>;

export type EnvelopeServer = { url: string; asked: Asked[]; close(): Promise<void> };

/**
 * A real HTTP server that answers in the envelope of the product's own API: `METHOD /path` to what is under
 * `data`. Undefined is 204; a route that is not there is 404.
 */
export async function envelopeServer(routes: Routes): Promise<EnvelopeServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, search } = new URL(request.url!, 'http://x');
      const method = request.method!;
      const body: unknown = request.headers['content-type'] ? await json(request) : undefined;
      const key = (request.headers.authorization ?? '').replace('Bearer ', '');
      const one = { method, path: pathname, query: search, key, body };
      asked.push(one);
      const route = routes[`${method} ${pathname}${search}`] ?? routes[`${method} ${pathname}`];
      const answer = route ? await route(one) : refuse(404, 'not_found', 'Not found.');
      const meta = { request_id: 'req_1', next_cursor: null };
      if (answer === undefined) return response.writeHead(204).end();
      const isError =
        typeof answer === 'object' && answer !== null && 'error' in answer && 'status' in answer;
      const status = isError ? (answer.status as number) : 200;
      // A call's result is the one answer that stands alone.
      const isBare = method === 'POST' && pathname === '/v1/calls';
      const said = isError ? { error: answer.error } : isBare ? answer : { data: answer, meta };
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(said));
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

export const refuse = (status: number, code: string, message: string) => ({
  status,
  error: { code, message },
});

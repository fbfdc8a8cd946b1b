import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Api, Metrics } from './api/index.ts';
import type { ConnectEdge } from './connect/index.ts';
import type { Door } from './door/index.ts';
import type { McpEdge } from './mcp/index.ts';

export type HttpServer = {
  server: Server;
  listen(port: number, host: string): Promise<{ port: number }>;
  /** Takes no new connections, lets what is under way finish for `grace` milliseconds, then cuts it. */
  close(grace?: number): Promise<void>;
};

/** One server, one door: every request passes it before any protocol sees it. */
export function createHttpServer(parts: {
  door: Door;
  api: Api;
  /** Answers its own paths on the bare request, for speed. */
  mcp?: Pick<McpEdge, 'owns' | 'handle'>;
  connect?: ConnectEdge;
  onError: (error: unknown) => void;
}): HttpServer {
  const { door, api, mcp, connect } = parts;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const entered = door.enter(request, response);
    if (!entered) return;
    if (mcp?.owns(entered.path)) await mcp.handle(request, response, entered);
    else if (connect?.owns(entered.path)) await connect.handle(request, response, entered);
    else await api.handle(request, response, entered);
  };
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 20_000 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      parts.onError(error);
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'application/json' });
      response.end();
    });
  });
  return { server, ...running(server) };
}

/** `/metrics` without a key, on a port of its own (TOOLCRIB_METRICS_PORT) and nothing else there. */
export function createMetricsServer(metrics: Metrics): HttpServer {
  const server = createServer((request, response) => {
    const { registry } = metrics;
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    registry.metrics().then(
      (text) => response.writeHead(200, { 'Content-Type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  return { server, ...running(server) };
}

function running(server: Server): Pick<HttpServer, 'listen' | 'close'> {
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => {
          server.off('error', reject);
          const address = server.address();
          resolve({ port: typeof address === 'object' && address ? address.port : port });
        });
      }),
    close: (grace = 8000) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), grace);
        // A kept-alive connection whose request has just finished would wait for the next one: closed as it idles.
        const idle = setInterval(() => server.closeIdleConnections(), 50);
        server.close(() => {
          clearTimeout(cut);
          clearInterval(idle);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

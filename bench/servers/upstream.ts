import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParent } from '../answer-parent.ts';
import { echoText, issueText, listOf, openapiOf } from '../payloads.ts';

// The service behind the gateway: an MCP server of both eras and the same tools as an HTTP API. As little work as
// it can be, so that it is not what is measured.

type Message = {
  id?: number | string;
  method: string;
  params?: { name?: string; arguments?: { number?: number; project?: string } };
};

const token = 'Bearer upstream-token-of-the-bench';
const lists: Record<string, string> = {
  '/mcp/200': JSON.stringify(listOf(200)),
  '/mcp/1000': JSON.stringify(listOf(1000)),
};
const escapedIssue = JSON.stringify(issueText);
const serverInfo = { name: 'bench-upstream', version: '1.0.0' };
const meta = `"_meta":{"io.modelcontextprotocol/serverInfo":${JSON.stringify(serverInfo)}}`;

function resultOf(message: Message, path: string, isModern: boolean): string | null {
  const complete = isModern ? '"resultType":"complete",' : '';
  const cache = isModern ? '"ttlMs":60000,"cacheScope":"private",' : '';
  const { method, params } = message;
  if (method === 'tools/call') {
    const { number, project } = params?.arguments ?? {};
    if (project !== 'crib-bench' || number === undefined) return null;
    const text = params?.name === 'echo' ? JSON.stringify(echoText(number)) : escapedIssue;
    return `{${complete}"content":[{"type":"text","text":${text}}],"isError":false${isModern ? `,${meta}` : ''}}`;
  }
  if (method === 'tools/list')
    return `{${complete}${cache}"tools":${lists[path.replace('/old', '')]},${meta}}`;
  if (method === 'server/discover' && isModern) {
    return `{${complete}${cache}"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},${meta}}`;
  }
  if (method === 'initialize' && !isModern) {
    return JSON.stringify({ protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo });
  }
  return null;
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  more: Record<string, string> = {},
): void {
  const length = Buffer.byteLength(text);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': length, ...more });
  response.end(text);
}

function answerMcp(path: string, body: string, response: ServerResponse): void {
  const isModern = !path.endsWith('/old');
  const message = JSON.parse(body) as Message;
  if (message.id === undefined) return void response.writeHead(202).end();
  const result = resultOf(message, path, isModern);
  const id = JSON.stringify(message.id);
  if (result === null) {
    const error = '{"code":-32601,"message":"Not here."}';
    return send(response, isModern ? 404 : 200, `{"jsonrpc":"2.0","id":${id},"error":${error}}`);
  }
  const session: Record<string, string> =
    message.method === 'initialize' ? { 'Mcp-Session-Id': 'bench-session' } : {};
  send(response, 200, `{"jsonrpc":"2.0","id":${id},"result":${result}}`, session);
}

function answer(request: IncomingMessage, body: string, response: ServerResponse): void {
  const path = request.url ?? '';
  if (path === '/openapi.json') return send(response, 200, JSON.stringify(openapiOf(origin())));
  if (request.headers.authorization !== token) return send(response, 401, '{"message":"Who is it?"}');
  if (path.startsWith('/mcp/')) return answerMcp(path, body, response);
  if (path === '/echo') return send(response, 200, echoText((JSON.parse(body) as { number: number }).number));
  if (/^\/(issues|mapped)\/42\?project=crib-bench$/.test(path)) return send(response, 200, issueText);
  send(response, 404, '{"message":"Not here."}');
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => answer(request, Buffer.concat(chunks).toString(), response));
});
const origin = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
server.listen(0, '127.0.0.1', () => {
  answerParent({
    ready: { origin: origin() },
    async stop() {
      server.closeAllConnections();
      server.close();
    },
  });
});

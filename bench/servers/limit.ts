import { createHash } from 'node:crypto';
import { appendFile } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Pool } from 'undici';
import { answerParent } from '../answer-parent.ts';
import { cutIssue, echoTool, issueTool, listOf } from '../payloads.ts';

// The least one Node process can do for a call and still do the same things: look up the key's hash and the policy,
// set a pin, check the schema, one hop, cut the reply, write a log in batches. No rule is whole here.

const upstream = new Pool(process.env['BENCH_UPSTREAM']!, { connections: 64 });
const key = 'limit-key';
const keys = new Map([
  [createHash('sha256').update(key).digest('base64'), { packs: new Set(['/mcp/calls']) }],
]);
const ajv = new Ajv2020();
const validators = new Map([
  ['echo', ajv.compile(echoTool.inputSchema)],
  ['issue', ajv.compile(issueTool.inputSchema)],
  ['mapped', ajv.compile(issueTool.inputSchema)],
]);
const list = Buffer.from(JSON.stringify(listOf(1000)));
const logFile = process.env['BENCH_LOG']!;
let log: string[] = [];
setInterval(() => {
  if (log.length === 0) return;
  appendFile(logFile, log.join(''), () => undefined);
  log = [];
}, 50).unref();

type Message = { id: number; method: string; params: { name: string; arguments: Record<string, unknown> } };
function hop(name: string, args: object, done: (text: string) => void, failed: (error: Error) => void): void {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'limit', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name, arguments: args, _meta };
  const chunks: Buffer[] = [];
  upstream.dispatch(
    {
      path: '/mcp/200',
      method: 'POST',
      headers: {
        authorization: 'Bearer upstream-token-of-the-bench',
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': name,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
    },
    {
      onRequestStart: () => undefined,
      onResponseStart: () => undefined,
      onResponseData: (_controller, chunk) => void chunks.push(chunk),
      onResponseEnd: () => done(Buffer.concat(chunks).toString()),
      onResponseError: (_controller, error) => failed(error),
    },
  );
}

function call(message: Message, response: ServerResponse): void {
  const { name, arguments: given } = message.params;
  const args = { ...given, project: 'crib-bench' };
  if (!validators.get(name)?.(args)) return send(response, 400, '{}');
  const fail = (): void => send(response, 502, '{}');
  hop(
    name,
    args,
    (text) => {
      const reply = JSON.parse(text) as { result: { content: { text: string }[] } };
      const value = JSON.parse(reply.result.content[0]!.text) as object;
      const shown = name === 'mapped' ? cutIssue(value) : value;
      const json = JSON.stringify(shown);
      log.push(`${Date.now()} ${name} ok ${json.length}\n`);
      const result = `{"resultType":"complete","content":[{"type":"text","text":${JSON.stringify(json)}}],"structuredContent":${json},"isError":false}`;
      send(response, 200, `{"jsonrpc":"2.0","id":${message.id},"result":${result}}`);
    },
    fail,
  );
}

function send(response: ServerResponse, status: number, text: string): void {
  const head = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) };
  response.writeHead(status, head).end(text);
}

function sendList({ id }: Message, response: ServerResponse): void {
  const head = `{"jsonrpc":"2.0","id":${id},"result":{"resultType":"complete","tools":`;
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': head.length + list.length + 2,
  });
  response.cork();
  response.write(head);
  response.write(list);
  response.end('}}');
  response.uncork();
}

function admit(request: IncomingMessage): boolean {
  const presented = (request.headers.authorization ?? '').slice(7);
  const policy = keys.get(createHash('sha256').update(presented).digest('base64'));
  return policy?.packs.has(request.url ?? '') ?? false;
}

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (!admit(request)) return send(response, 401, '{}');
    const message = JSON.parse(Buffer.concat(chunks).toString()) as Message;
    if (message.method === 'tools/list') sendList(message, response);
    else call(message, response);
  });
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  answerParent({
    ready: { origin: `http://127.0.0.1:${port}`, key },
    async stop() {
      server.closeAllConnections();
      server.close();
      await upstream.destroy();
    },
  });
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { httpService, sendJson } from './http-service.ts';
import type { Fake, SeenRequest } from './http-service.ts';

export type Message = {
  id?: number | string;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number; message: string };
};

export type Script = {
  era: 'modern' | 'legacy';
  /** Legacy: whether sessions are handed out; they are `session-1`, `session-2` and so on. */
  sessions?: boolean;
  tools?: readonly unknown[] | ((cursor: string | undefined) => unknown);
  /** Looked at first, for every request; true when it has been answered. */
  intercept?: (seen: SeenRequest, message: Message | null, response: ServerResponse) => boolean;
  call?: (message: Message, response: ServerResponse, request: IncomingMessage, seen: SeenRequest) => unknown;
};

export type ScriptedMcp = Fake & { messages: Message[]; forgetSessions(): void };

const meta = { 'io.modelcontextprotocol/serverInfo': { name: 'scripted', version: '1.0.0' } };

/** An MCP server whose every byte a test decides: for what well-behaved servers never do. */
export async function scriptedMcp(script: Script): Promise<ScriptedMcp> {
  const messages: Message[] = [];
  const sessions = new Set<string>();
  let opened = 0;

  const fake = await httpService((seen, response, request) => {
    const message = seen.body.length > 0 ? (JSON.parse(seen.body.toString()) as Message) : null;
    if (message) messages.push(message);
    if (script.intercept?.(seen, message, response)) return;
    if (seen.method === 'DELETE') {
      sessions.delete(String(seen.headers['mcp-session-id']));
      return response.writeHead(200).end();
    }
    if (!message) return response.writeHead(405).end();
    const { id, method } = message;
    if (script.era === 'legacy') {
      if (method === 'initialize') {
        opened += 1;
        if (script.sessions) {
          sessions.add(`session-${opened}`);
          response.setHeader('mcp-session-id', `session-${opened}`);
        }
        return result(response, id, {
          protocolVersion: '2025-06-18',
          capabilities: { tools: {} },
          serverInfo: { name: 'scripted', version: '1.0.0' },
        });
      }
      if (script.sessions && !sessions.has(String(seen.headers['mcp-session-id']))) {
        const known = seen.headers['mcp-session-id'] !== undefined;
        return sendJson(response, failure(null, -32000, 'Session not found'), known ? 404 : 400);
      }
      if (id === undefined || method === undefined) return response.writeHead(202).end();
      if (method === 'server/discover') return sendJson(response, failure(id, -32601, 'Method not found'));
    } else if (method === 'server/discover') {
      return result(response, id, {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        ttlMs: 0,
        cacheScope: 'private',
        _meta: meta,
      });
    } else if (method === 'initialize') {
      return sendJson(response, failure(id, -32022, 'Unsupported protocol version'), 400);
    }
    if (method === 'tools/list') {
      const { tools = [] } = script;
      const cursor = message.params?.['cursor'] as string | undefined;
      return result(response, id, typeof tools === 'function' ? tools(cursor) : { tools });
    }
    if (method === 'tools/call' && script.call) return script.call(message, response, request, seen);
    return sendJson(response, failure(id, -32601, 'Method not found'), script.era === 'modern' ? 404 : 200);
  });
  return { ...fake, url: `${fake.url}/mcp`, messages, forgetSessions: () => sessions.clear() };
}

export function result(response: ServerResponse, id: Message['id'], value: unknown): void {
  sendJson(response, { jsonrpc: '2.0', id, result: value });
}

export const failure = (id: Message['id'] | null, code: number, message: string) => ({
  jsonrpc: '2.0',
  id: id ?? null,
  error: { code, message },
});

export const textResult = (text: string) => ({ resultType: 'complete', content: [{ type: 'text', text }] });

export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
}

export const event = (message: unknown): string =>
  `event: message\r\ndata: ${JSON.stringify(message)}\r\n\r\n`;

import type { IncomingHttpHeaders } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { listen } from './http-service.ts';

export type ModernFake = {
  url: string;
  requests: { method: string; headers: IncomingHttpHeaders }[];
  /** Resolves when a call to `wait` has been cancelled. */
  cancelled: Promise<void>;
  close(): Promise<void>;
};

/** The official server of 2026-07-28 with a few tools; it refuses the older era. */
export async function modernMcp(): Promise<ModernFake> {
  let cancel: () => void;
  const cancelled = new Promise<void>((resolve) => (cancel = resolve));
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'modern-fake', version: '3.2.1' }, { instructions: 'Be kind.' });
      server.registerTool(
        'add',
        {
          description: 'Adds two numbers.',
          inputSchema: z.object({ a: z.number(), b: z.number() }),
          outputSchema: z.object({ sum: z.number() }),
          annotations: { readOnlyHint: true },
        },
        ({ a, b }) => ({ content: [{ type: 'text', text: `${a + b}` }], structuredContent: { sum: a + b } }),
      );
      server.registerTool('fail', { inputSchema: z.object({}) }, () => ({
        isError: true,
        content: [{ type: 'text', text: 'It broke.' }],
      }));
      server.registerTool('steps', { inputSchema: z.object({}) }, async (_args, ctx) => {
        const progressToken = ctx.mcpReq._meta?.progressToken;
        if (progressToken !== undefined) {
          for (const progress of [1, 2]) {
            await ctx.mcpReq.notify({
              method: 'notifications/progress',
              params: { progressToken, progress, total: 2, message: `step ${progress}` },
            });
          }
        }
        return { content: [{ type: 'text', text: 'done' }] };
      });
      server.registerTool('wait', { inputSchema: z.object({}) }, async (_args, ctx) => {
        await new Promise<void>((resolve) => {
          ctx.mcpReq.signal.addEventListener('abort', () => resolve(), { once: true });
        });
        cancel();
        return { content: [] };
      });
      server.registerTool(
        'region',
        {
          inputSchema: z.object({
            region: z.string().meta({ 'x-mcp-header': 'Region' }),
            n: z.number().optional(),
          }),
        },
        ({ region }) => ({ content: [{ type: 'text', text: region }] }),
      );
      return server;
    },
    { legacy: 'reject' },
  );
  const answer = toNodeHandler(handler);
  const requests: ModernFake['requests'] = [];
  const fake = await listen((request, response) => {
    requests.push({ method: request.method!, headers: request.headers });
    void answer(request, response);
  });
  return { url: `${fake.url}/mcp`, requests, cancelled, close: fake.close };
}

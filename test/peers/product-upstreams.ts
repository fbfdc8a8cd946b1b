import { request as forward } from 'node:http';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { httpService, listen, sendJson } from '../fakes/http-service.ts';

// Services behind the product, and a tap on the wire to them.

type Message = { id?: unknown; method?: string; params?: { [key: string]: unknown } };

export type WireEvent = {
  /** `left`: the other side went away before it was answered. */
  kind: 'sent' | 'left';
  method: string;
  path: string;
  /** The body, where there is one. */
  message: Message;
  headers: NodeJS.Dict<string | string[]>;
};

export type Wiretap = {
  url: string;
  events: WireEvent[];
  /** The first event that fits, from the given place on: at once, or when it happens. */
  until(fits: (event: WireEvent) => boolean, from?: number): Promise<WireEvent>;
  close(): Promise<void>;
};

/** A loopback address that passes everything on to a service that speaks JSON and notes what passes. */
export async function wiretap(server: string): Promise<Wiretap> {
  const events: WireEvent[] = [];
  const waiting = new Set<(event: WireEvent) => void>();
  const { host, origin, pathname } = new URL(server);
  const note = (event: WireEvent): void => {
    events.push(event);
    for (const look of waiting) look(event);
  };
  const tap = await listen((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts);
      const message = body.length > 0 ? (JSON.parse(body.toString()) as Message) : {};
      const method = request.method!;
      const path = request.url!;
      const headers = { ...request.headers, host };
      const onward = forward(origin, { method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => {
        if (response.writableFinished) return;
        onward.destroy();
        note({ kind: 'left', method, path, message, headers });
      });
      onward.end(body);
      note({ kind: 'sent', method, path, message, headers });
    });
  });
  return {
    url: `${tap.url}${pathname.replace(/\/$/, '')}`,
    events,
    until: (fits, from = 0) =>
      new Promise((resolve) => {
        const past = events.slice(from).find(fits);
        if (past) return resolve(past);
        const look = (event: WireEvent): void => {
          if (!fits(event)) return;
          waiting.delete(look);
          resolve(event);
        };
        waiting.add(look);
      }),
    close: () => tap.close(),
  };
}

/** What must never leave where a response map is in force: as the name of a field, and as a value. */
export const leak = 'unmapped7f3a';

/** The one sentence of a refusal that an agent may read. */
export const noStreet = 'No such street.';

export type Letter = { from?: string; to: string; body: string };
export type PostOffice = {
  url: string;
  /** What arrived, whichever tool. */
  letters: Letter[];
  close(this: void): Promise<void>;
};

const letterForm = {
  from: z.string().optional(),
  to: z.string(),
  body: z.string().describe('“refuse”, “mutter” and “throw” fail, each in its own way.'),
};

/** The official server of 2026-07-28 with tools that tell more than anybody should see. */
export async function mcpPostOffice(): Promise<PostOffice> {
  const letters: Letter[] = [];
  const handler = createMcpHandler(
    () => {
      const server = new McpServer({ name: 'post-office', version: '1.0.0' });
      const send = { description: 'Sends a letter.', inputSchema: z.object(letterForm) };
      const outputSchema = z.object({ id: z.number(), to: z.string(), [leak]: z.string() });
      server.registerTool('send', { ...send, outputSchema }, async (letter, ctx) => {
        letters.push(letter);
        const progressToken = ctx.mcpReq._meta?.progressToken;
        if (progressToken !== undefined) {
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken, progress: 1, total: 2, message: `${leak} of ${letter.to}` },
          });
        }
        if (letter.body === 'throw') throw new Error(`${leak}: the stack of ${letter.to}`);
        const refusal = { type: 'text' as const, text: JSON.stringify({ message: noStreet, [leak]: leak }) };
        if (letter.body === 'refuse') return { isError: true, content: [refusal] };
        if (letter.body === 'mutter') {
          return { isError: true, content: [{ type: 'text', text: leak }, refusal] };
        }
        const sent = { id: letters.length, to: letter.to, [leak]: `${leak} of ${letter.to}` };
        return {
          content: [
            { type: 'text', text: JSON.stringify(sent) },
            { type: 'text', text: `Written down as ${leak}.` },
            { type: 'resource_link', uri: `post://${leak}`, name: leak },
          ],
          structuredContent: sent,
          _meta: { 'example.com/note': leak },
        };
      });
      server.registerTool('shred', send, (letter) => {
        letters.push(letter);
        return { content: [{ type: 'text', text: 'Shredded.' }] };
      });
      server.registerTool('burn', send, (letter) => {
        letters.push(letter);
        return { content: [{ type: 'text', text: 'Burnt.' }] };
      });
      return server;
    },
    { legacy: 'reject' },
  );
  const answer = toNodeHandler(handler);
  const fake = await listen((request, response) => void answer(request, response));
  return { url: `${fake.url}/mcp`, letters, close: () => fake.close() };
}

/** The same post office as an HTTP service, with its description. */
export async function httpPostOffice(): Promise<PostOffice & { document: object }> {
  const letters: Letter[] = [];
  const fake = await httpService((seen, response) => {
    const letter = JSON.parse(seen.body.toString()) as Letter;
    letters.push(letter);
    if (letter.body === 'throw') {
      response.writeHead(500, { 'content-type': 'text/html' }).end(`<h1>${leak}</h1>`);
    } else if (letter.body === 'mutter') {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(leak);
    } else if (letter.body === 'refuse') {
      sendJson(response, { message: noStreet, [leak]: leak, errors: [{ [leak]: leak }] }, 422);
    } else {
      response.setHeader(`x-${leak}`, leak);
      sendJson(response, { id: letters.length, to: letter.to, [leak]: `${leak} of ${letter.to}` }, 201);
    }
  });
  const text = { type: 'string' };
  const operation = (operationId: string) => ({
    post: {
      operationId,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: {
              type: 'object',
              required: ['to', 'body'],
              properties: { from: text, to: text, body: text },
            },
          },
        },
      },
      responses: {
        201: {
          description: 'Sent.',
          content: {
            'application/json': {
              schema: {
                type: 'object',
                properties: { id: { type: 'integer' }, to: text, [leak]: text },
              },
            },
          },
        },
      },
    },
  });
  const document = {
    openapi: '3.1.0',
    info: { title: 'Post office', version: '1' },
    servers: [{ url: fake.url }],
    paths: {
      '/letters': operation('send'),
      '/shredder': operation('shred'),
      '/stove': operation('burn'),
    },
  };
  return { url: fake.url, document, letters, close: () => fake.close() };
}

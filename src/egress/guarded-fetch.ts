import { Readable } from 'node:stream';
import { decodingStream } from './decode-body.ts';
import type { Egress, EgressReply } from './types.ts';

/** Statuses whose Response may have no body at all. */
const bodiless = new Set([101, 103, 204, 205, 304]);

/** `fetch` for libraries that want one: the same guard, redirects only of GET and HEAD, nothing remembered. */
export function guardedFetch(send: Egress['request'], localOrigin: string | null): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const headers: Record<string, string> = {};
    for (const [name, value] of request.headers) headers[name] = value;
    headers['accept-encoding'] ??= 'identity';
    const body = request.body === null ? null : Buffer.from(await request.arrayBuffer());
    const reply = await send({
      method: request.method,
      url: request.url,
      headers,
      body,
      signal: request.signal,
      localOrigin,
      follow: request.redirect === 'follow',
    });
    if (
      request.redirect === 'error' &&
      reply.status >= 300 &&
      reply.status < 400 &&
      reply.headers['location']
    ) {
      reply.body.destroy();
      throw new TypeError('unexpected redirect');
    }
    return responseOf(reply);
  };
}

function responseOf(reply: EgressReply): Response {
  const headers = new Headers();
  for (const [name, value] of Object.entries(reply.headers)) {
    for (const one of Array.isArray(value) ? value : value === undefined ? [] : [value])
      headers.append(name, one);
  }
  const empty = bodiless.has(reply.status);
  if (empty) reply.body.resume();
  const decoder = empty ? null : decodingStream(headers.get('content-encoding') ?? '');
  if (decoder) {
    headers.delete('content-encoding');
    headers.delete('content-length');
    reply.body.once('error', (error) => decoder.destroy(error));
    decoder.once('close', () => reply.body.destroy());
  }
  const body = decoder ? reply.body.pipe(decoder) : reply.body;
  const response = new Response(empty ? null : (Readable.toWeb(body) as ReadableStream<Uint8Array>), {
    status: reply.status,
    headers,
  });
  Object.defineProperty(response, 'url', { value: reply.url });
  return response;
}

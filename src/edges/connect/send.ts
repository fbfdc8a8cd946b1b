import type { ServerResponse } from 'node:http';
import { layOut, pagePolicy, type Page } from './layout.ts';

/**
 * Over the door's own headers. `no-referrer` would be stricter and turns the Origin of our own forms into `null`;
 * `same-origin` tells no other site anything either, which is what keeps a link's token here.
 */
const pageHeaders = {
  'Content-Security-Policy': pagePolicy,
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  'X-Robots-Tag': 'noindex, nofollow',
} as const;

/** Answers with a page; `isHead` with its head alone. */
export function sendPage(
  response: ServerResponse,
  page: Page,
  cookies: readonly string[],
  isHead = false,
): void {
  if (response.writableEnded || response.destroyed) return;
  const text = layOut(page);
  // What the door admits for the API: no other origin's script has a reason to read a page of ours.
  response.removeHeader('Access-Control-Allow-Origin');
  response.removeHeader('Access-Control-Expose-Headers');
  if (cookies.length > 0) response.setHeader('Set-Cookie', [...cookies]);
  response.writeHead(page.status, {
    ...pageHeaders,
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...page.headers,
  });
  response.end(isHead ? undefined : text);
}

/** On to a page of our own, so that loading it again repeats nothing. */
export function sendOn(response: ServerResponse, address: string, cookies: readonly string[]): void {
  if (cookies.length > 0) response.setHeader('Set-Cookie', [...cookies]);
  response.writeHead(303, { ...pageHeaders, Location: address, 'Content-Length': 0 });
  response.end();
}

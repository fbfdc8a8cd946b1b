import { Fault } from '../../kernel/index.ts';
import type { Page } from './layout.ts';
import { faultPage, gonePage } from './pages/plain-pages.ts';
import type { Log } from './visit.ts';

/** The status that tells programs what the page tells people. */
export function statusOf({ kind }: Fault): number {
  switch (kind) {
    case 'malformed':
      return 400;
    case 'forbidden':
      return 403;
    case 'not_found':
      return 404;
    case 'conflict':
      return 409;
    case 'too_large':
      return 413;
    case 'unsupported_media_type':
      return 415;
    case 'invalid':
      return 422;
    case 'rate_limited':
      return 429;
    case 'upstream':
      return 502;
    case 'unavailable':
      return 503;
    case 'unauthenticated':
    case 'internal':
      return 500;
  }
}

/** A failure as a page. What is no Fault of ours to tell is logged under the request's id and tells nothing. */
export function pageOf(error: unknown, requestId: string, log: Log): Page {
  const fault = error instanceof Fault ? error : null;
  const status = fault === null ? 500 : statusOf(fault);
  if (status === 404) return gonePage;
  if (fault === null || status === 500) {
    log.error({ err: error, request_id: requestId }, 'connect page');
    return faultPage(500, 'Something went wrong here', `It has been written down under ${requestId}.`);
  }
  if (status === 503 || status === 429) {
    const headers = { 'Retry-After': String(Math.max(1, Math.ceil(fault.retryAfter ?? 2))) };
    const text = 'Load this page again in a moment. Nothing has been lost.';
    return faultPage(status, 'One moment, please', text, { headers });
  }
  return faultPage(status, 'That did not work', fault.message);
}

import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The cookies of these pages: which browser it is, and how the last step ended. */
export type Cookies = {
  /** The value only this browser knows, or null where it has sent none. */
  browser(request: IncomingMessage): string | null;
  newBrowser(): { value: string; setCookie: string };
  result(request: IncomingMessage): string | null;
  setResult(value: string): string;
  clearResult: string;
};

/** Ten minutes are enough to read how it ended, and to load the page again. */
const resultSeconds = 600;

/**
 * Under https the names begin with `__Host-`, so that no other host of the domain can set them. Lax: a service
 * sends people back by a link or a redirect, and the cookie has to come along; no other site's form brings it.
 */
export function createCookies(publicUrl: URL): Cookies {
  const isSecure = publicUrl.protocol === 'https:';
  const prefix = isSecure ? '__Host-' : '';
  const where = `${isSecure ? 'Path=/; Secure' : 'Path=/connect'}; HttpOnly; SameSite=Lax`;
  const browserName = `${prefix}toolcrib_browser`;
  const resultName = `${prefix}toolcrib_result`;
  return {
    browser(request) {
      const value = cookieOf(request, browserName);
      return value !== null && /^[\w-]{43}$/.test(value) ? value : null;
    },
    newBrowser() {
      const value = randomBytes(32).toString('base64url');
      return { value, setCookie: `${browserName}=${value}; ${where}` };
    },
    result: (request) => cookieOf(request, resultName),
    setResult: (value) => `${resultName}=${value}; Max-Age=${resultSeconds}; ${where}`,
    clearResult: `${resultName}=; Max-Age=0; ${where}`,
  };
}

/** Null too where two are sent under one name: nobody can say which of them is ours. */
function cookieOf({ headers }: IncomingMessage, name: string): string | null {
  const found = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : [];
  });
  return found.length === 1 ? found[0]! : null;
}

/**
 * Whether somebody opens the page: not a script's request, not a frame, not a browser that loads ahead of a click.
 * Programs that look at links to draw a preview often send none of these headers, and are told from people by
 * the cookie they do not send back.
 */
export function isVisit({ method, headers }: IncomingMessage): boolean {
  if (method !== 'GET') return false;
  const isAhead = [headers['sec-purpose'], headers['purpose'], headers['x-moz']].some((said) =>
    [said].flat().join().includes('prefetch'),
  );
  const mode = headers['sec-fetch-mode'] ?? 'navigate';
  const destination = headers['sec-fetch-dest'] ?? 'document';
  return !isAhead && mode === 'navigate' && destination === 'document';
}

/**
 * Whether a form was sent from a page of ours. The door admits further origins for the API; here nobody's word
 * counts but the public address's own. A browser names the origin with every form it posts.
 */
export function isOwnForm({ headers }: IncomingMessage, publicUrl: URL): boolean {
  const site = headers['sec-fetch-site'];
  return headers.origin === publicUrl.origin && (site === undefined || site === 'same-origin');
}

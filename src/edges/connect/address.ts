/** What a path under /connect stands for. */
export type Target =
  | { kind: 'link'; token: string }
  /** Where services send people back to: those that know an app, those that we have told ourselves who we are. */
  | { kind: 'callback' }
  /** What we are as an OAuth client: its address is our client id at servers that take one. */
  | { kind: 'metadata' }
  | { kind: 'nothing' };

export const isConnectPath = (path: string): boolean => path === '/connect' || path.startsWith('/connect/');

// As tokens are made: 32 bytes. Nothing else is looked for.
const linkPath = /^\/connect\/([\w-]{43})$/;

export function readTarget(path: string): Target {
  if (path === '/connect/callback' || path === '/connect/answer') return { kind: 'callback' };
  if (path === '/connect/client-metadata.json') return { kind: 'metadata' };
  const token = linkPath.exec(path)?.[1];
  return token === undefined ? { kind: 'nothing' } : { kind: 'link', token };
}

export const linkAddress = (token: string): string => `/connect/${token}`;

/** The address alone where a person is sent on to it: nothing but the web's own schemes. */
export function webAddress(text: string): URL | null {
  const url = URL.parse(text);
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url : null;
}

import { Fault, isObject } from '../kernel/index.ts';
import type { CredentialRef } from './types.ts';

/** A request as it leaves, and every secret text in it, so that a reply cannot repeat one. */
export type SignedRequest = {
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  secrets: readonly string[];
  /** Header names that carry credentials: dropped when a redirect leaves the origin. */
  credentialHeaders: readonly string[];
};

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** What a header value may hold: visible ASCII, space and tab between, Latin-1. */
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Writes opened values into one request. Throws Fault `upstream` code `credential_unreadable` for what does not fit. */
export class Signing {
  readonly #headers: Record<string, string>;
  readonly #secrets = new Set<string>();
  readonly #carriers: string[] = [];
  #url: string;

  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.#headers = { ...headers };
  }

  /** `{"query": {...}, "headers": {...}}` of the connection itself. */
  addOwn(sealed: string): void {
    const own = parseObject(sealed);
    for (const [name, value] of textPairs(own['query'])) this.#query(name, value);
    for (const [name, value] of textPairs(own['headers'])) this.#header(name, value, value);
  }

  addCredential({ method }: CredentialRef, fields: Readonly<Record<string, string>>): void {
    const field = (name: string): string => {
      const value = fields[name];
      if (value === undefined || value === '') throw unreadable();
      return value;
    };
    switch (method.type) {
      case 'none':
        return;
      case 'bearer':
        return this.#header('authorization', `Bearer ${field('token')}`, field('token'));
      case 'oauth2':
      case 'oauth2_client_credentials':
      case 'mcp_oauth':
        return this.#header('authorization', `Bearer ${field('access_token')}`, field('access_token'));
      case 'basic': {
        const pair = Buffer.from(`${fields['username'] ?? ''}:${field('password')}`).toString('base64');
        this.#secrets.add(field('password'));
        return this.#header('authorization', `Basic ${pair}`, pair);
      }
      case 'api_key': {
        const key = field('api_key');
        const value = `${method.prefix ?? ''}${key}`;
        if (method.in === 'header') this.#header(method.name, value, key);
        else if (method.in === 'query') this.#query(method.name, value, key);
        else this.#cookie(method.name, value, key);
      }
    }
  }

  done(): SignedRequest {
    return {
      url: this.#url,
      headers: this.#headers,
      secrets: [...this.#secrets],
      credentialHeaders: this.#carriers,
    };
  }

  #header(rawName: string, value: string, secret: string): void {
    const name = rawName.toLowerCase();
    if (!token.test(name) || !headerText.test(value)) throw unreadable();
    this.#headers[name] = value;
    this.#secrets.add(secret);
    this.#carriers.push(name);
  }

  /** Replaces what arguments may have put under the same name. */
  #query(name: string, value: string, secret = value): void {
    const [path, query = ''] = splitOnce(this.#url, '?');
    const others = query.split('&').filter((pair) => pair !== '' && queryName(pair) !== name);
    others.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    this.#url = `${path}?${others.join('&')}`;
    this.#secrets.add(secret).add(encodeURIComponent(secret));
  }

  #cookie(name: string, value: string, secret: string): void {
    if (!token.test(name) || !headerText.test(value) || /[;,\s]/.test(value)) throw unreadable();
    const others = (this.#headers['cookie'] ?? '')
      .split('; ')
      .filter((pair) => pair !== '' && splitOnce(pair, '=')[0] !== name);
    this.#headers['cookie'] = [...others, `${name}=${value}`].join('; ');
    this.#secrets.add(secret);
    this.#carriers.push('cookie');
  }
}

function queryName(pair: string): string {
  const name = splitOnce(pair, '=')[0].replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, without the text.
  }
  throw unreadable();
}

function textPairs(value: unknown): [string, string][] {
  if (value === undefined) return [];
  if (!isObject(value)) throw unreadable();
  return Object.entries(value).map(([name, text]) => {
    if (typeof text !== 'string') throw unreadable();
    return [name, text];
  });
}

const unreadable = (): Fault =>
  new Fault('upstream', 'The stored credential cannot be used.', { code: 'credential_unreadable' });

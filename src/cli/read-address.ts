import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { misuse } from './failure.ts';

/** What `toolcrib add` was pointed at. */
export type Address =
  | { kind: 'url'; url: string; isLocal: boolean; looksLikeDocument: boolean; nickname: string }
  | { kind: 'document'; text: string; isLocal: boolean; nickname: string };

const documentLimit = 50 * 1024 * 1024;

/** An http address, or a file with an OpenAPI document. */
export function readAddress(word: string, directory: string, baseUrl: string | undefined): Address {
  if (/^https?:/i.test(word)) {
    const url = URL.parse(word);
    if (!url) throw misuse(`“${word}” is not a whole address: write it as https://host/path.`);
    return {
      kind: 'url',
      url: word,
      isLocal: isLoopback(url.hostname),
      looksLikeDocument: /\.(json|ya?ml)$/i.test(url.pathname) || /openapi|swagger/i.test(url.pathname),
      nickname: nicknameOf(url),
    };
  }
  const file = resolve(directory, word);
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw misuse(`“${word}” is neither an http address nor a file here.`);
  }
  if (statSync(file).size > documentLimit) throw misuse(`${word} is larger than 50 MB.`);
  const text = readFileSync(file, 'utf8');
  return {
    kind: 'document',
    text,
    isLocal: isLoopback(URL.parse(baseUrl ?? serverOf(text) ?? '')?.hostname ?? ''),
    nickname: basename(file).replace(/\.(json|ya?ml)$/i, ''),
  };
}

export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase();
  return (
    name === 'localhost' ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^127(\.\d{1,3}){3}$/.test(name)
  );
}

/** The first server a document names, near enough to know whether it is on this machine; the server decides. */
function serverOf(text: string): string | null {
  const at = text.search(/["']?servers["']?\s*:/);
  return at === -1 ? null : (/https?:\/\/[^\s"',}]+/.exec(text.slice(at, at + 2_000))?.[0] ?? null);
}

/** `http://localhost:3000/openapi.json` → `localhost`, `https://api.acme.com/v1` → `acme`. */
function nicknameOf(url: URL): string {
  if (isLoopback(url.hostname) || /^[\d.]+$|^\[/.test(url.hostname)) return 'my api';
  const labels = url.hostname.split('.').filter((label) => !['www', 'api', 'mcp'].includes(label));
  return labels[0] ?? url.hostname;
}

import { createHash, hash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type KeyKind = 'admin' | 'access' | 'agent';
const letter: Record<KeyKind, string> = { admin: 'a', access: 'k', agent: 'g' };
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const form = /^tck_[a-z]([0-9A-Za-z]{32})([0-9A-Za-z]{6})$/;

/** `tck_` + type + 32 random base62 digits + 6 digits of checksum. */
export function newKeyText(kind: KeyKind): string {
  let body = '';
  for (let index = 0; index < 32; index += 1) body += alphabet[randomInt(alphabet.length)];
  const head = `tck_${letter[kind]}${body}`;
  return head + checksum(head);
}

function checksum(head: string): string {
  let rest = crc32(head);
  let digits = '';
  for (let index = 0; index < 6; index += 1) {
    digits = alphabet[rest % 62] + digits;
    rest = Math.floor(rest / 62);
  }
  return digits;
}

/** A generated key with a wrong checksum is a typing error: told apart without asking the database. */
export function hasGoodChecksum(text: string): boolean {
  return form.test(text) && text.endsWith(checksum(text.slice(0, -6)));
}

/** What is stored of a key. Keys hold 190 random bits, so a plain hash is enough. */
export const hashKey = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The same as base64, five times faster: asked for with every request. */
export const hashText = (text: string): string => hash('sha256', text, 'base64');

/** What lists show of a key. */
export const keyHint = (text: string): string => `${text.slice(0, 8)}…${text.slice(-4)}`;

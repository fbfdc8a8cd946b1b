import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FlowStep } from '../../connections/index.ts';

/** How a link ended, as its page still tells after the link itself is used up. */
export type Result =
  | { kind: 'done'; account: string | null; redirectTo: string | null; held: readonly string[] }
  | { kind: 'failed'; reason: string; redirectTo: string | null };

export function resultOf(step: Exclude<FlowStep, { kind: 'confirm' }>): Result {
  if (step.kind === 'failed')
    return { kind: 'failed', reason: cut(step.reason, 500), redirectTo: step.redirectTo };
  return {
    kind: 'done',
    account: step.account && cut(step.account.label, 200),
    redirectTo: step.redirectTo,
    held: step.held.slice(0, 5).map(({ name }) => cut(name, 60)),
  };
}

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length).toWellFormed()}…` : text;

export type ResultSeal = {
  /** For a cookie; null where it would be too long for one. */
  write(result: Result, token: string, browser: string): string | null;
  /** Null for what was not written here, or for another link or browser. */
  read(text: string | null, token: string, browser: string): Result | null;
};

// Browsers drop a cookie of more than 4096 bytes, its name and attributes included, without a word.
const maxLength = 3800;

/**
 * A used link is like one that never was, and after its last step the page is still loaded: the way on, a reload.
 * So how it ended lies in the browser that saw it, signed, readable for that link in that browser alone.
 */
export function createResultSeal(key: Buffer): ResultSeal {
  const sign = (text: string, token: string, browser: string): Buffer =>
    createHmac('sha256', key).update(`${token}.${browser}.${text}`).digest();
  return {
    write(result, token, browser) {
      const text = Buffer.from(JSON.stringify(result)).toString('base64url');
      const sealed = `${text}.${sign(text, token, browser).toString('base64url')}`;
      return sealed.length <= maxLength ? sealed : null;
    },
    read(sealed, token, browser) {
      const [text, signature, ...rest] = (sealed ?? '').split('.');
      if (!text || !signature || rest.length > 0) return null;
      const given = Buffer.from(signature, 'base64url');
      const wanted = sign(text, token, browser);
      if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
      return JSON.parse(Buffer.from(text, 'base64url').toString()) as Result;
    },
  };
}

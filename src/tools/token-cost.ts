import { createRequire } from 'node:module';
import type { JsonSchema } from '../kernel/index.ts';

/** The encoding tokens are counted in: exact for the models that use it, an estimate for all others. */
export const tokenEncoding = 'o200k_base';

type Tokenizer = { countTokens(text: string, options: { disallowedSpecial: Set<string> }): number };
let tokenizer: Tokenizer | null = null;

/** Texts are counted in pieces: the time for one long word grows faster than its length. */
const pieceLength = 2_000;
const noSpecial = { disallowedSpecial: new Set<string>() };

/** Tokens of a text. The first call loads the encoding's table (tens of MB, some 100 ms). */
export function countTokens(text: string): number {
  tokenizer ??= createRequire(import.meta.url)(`gpt-tokenizer/encoding/${tokenEncoding}`) as Tokenizer;
  let count = 0;
  for (let at = 0; at < text.length;) {
    let end = Math.min(text.length, at + pieceLength);
    const space = end < text.length ? text.lastIndexOf(' ', end) : -1;
    if (space > at) end = space;
    count += tokenizer.countTokens(text.slice(at, end), noSpecial);
    at = end;
  }
  return count;
}

/** What a tool costs a model that has it in its context: name, title, description and input schema as JSON. */
export function tokenCost(tool: {
  name: string;
  title?: string | null;
  description?: string | null;
  input_schema: JsonSchema;
}): number {
  const { name, title, description, input_schema } = tool;
  return countTokens(
    JSON.stringify({ name, title: title ?? undefined, description: description ?? undefined, input_schema }),
  );
}

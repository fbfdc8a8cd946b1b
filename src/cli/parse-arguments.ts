import { misuse } from './failure.ts';

/**
 * Arguments of a call: `--json` first, then each `--arg name=value` over it. A value that reads as JSON is
 * that (`5`, `true`, `["a"]`), and the text itself otherwise; `name='"5"'` is the text 5.
 */
export function parseArguments(json: string | undefined, pairs: readonly string[]): Record<string, unknown> {
  let base: unknown = {};
  if (json !== undefined) {
    try {
      base = JSON.parse(json);
    } catch {
      throw misuse('--json is not readable as JSON: put it in single quotes.');
    }
    if (typeof base !== 'object' || base === null || Array.isArray(base)) {
      throw misuse('--json has to be an object: {"name": "value"}.');
    }
  }
  const given = new Map(Object.entries(base as object));
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1) throw misuse(`Write “--arg ${pair}” as --arg name=value.`);
    given.set(pair.slice(0, at), readValue(pair.slice(at + 1)));
  }
  return Object.fromEntries(given);
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

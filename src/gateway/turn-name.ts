import { Fault } from '../kernel/index.ts';

/** The member of `_meta` in which a client names its turn. */
export const turnKey = 'dev.toolcrib/turnId';

const longest = 200;

/**
 * The turn a call says it belongs to, by `X-Turn-Id` or in `_meta`: one namespace. Null: it says none. Fault `invalid`
 * for a name that is none, and for two that differ: counting under the wrong one would be a guess.
 */
export function readTurnName(header: string | readonly string[] | undefined, meta?: unknown): string | null {
  const named = [header, meta].filter((name) => name !== undefined);
  const [name = null] = named;
  if (name === null && named.length === 0) return null;
  const isName =
    typeof name === 'string' && name.length > 0 && name.length <= longest && !/[\p{Cc}]/u.test(name);
  if (!isName) throw refusal(`A turn’s name is a text of 1 to ${longest} characters.`);
  if (named.some((other) => other !== name)) {
    throw refusal(`X-Turn-Id and _meta["${turnKey}"] name two turns.`);
  }
  return name.toWellFormed();
}

function refusal(message: string): Fault {
  const problem = { type: 'value_error', place: 'header', path: ['X-Turn-Id'], message } as const;
  return new Fault('invalid', message, { code: 'invalid_turn', problems: [problem] });
}

import { canonicalJson, type Json } from '../../kernel/index.ts';
import { compileMap, readMap, type ResponseMap } from '../../tools/index.ts';

/** What is known of a reply: what its agent was shown, whole or cut. */
export type KeptReply = {
  outcome: string;
  /** Why it failed: `status_404`, `tool_error`, `timeout`. */
  reason: string | null;
  /** Null: nothing was kept of it, or only its beginning. */
  view: string | null;
};

/**
 * Whether another response map would show another reply, as far as what the agent was shown says so. Shown whole it
 * says all; shown through a map it says enough where the other map takes of the same.
 */
export function compareReply(
  { outcome, reason, view }: KeptReply,
  was: ResponseMap | null,
  is: ResponseMap | null,
): 'same' | 'changed' | 'undecidable' {
  if (canonicalJson(was) === canonicalJson(is)) return 'same';
  if (outcome !== 'ok') return compareFailure(reason, was, is);
  if (view === null || is === null) return 'undecidable';
  if (was === null) {
    const value = readJson(view);
    // Text that is no JSON is withheld under a map.
    return value === undefined || differs(value, is) ? 'changed' : 'same';
  }
  const value = readJson(view.split('\n', 1)[0]!);
  if (value === undefined) return 'same';
  return takesOf(was, is) ? (differs(value, is) ? 'changed' : 'same') : 'undecidable';
}

/** Maps leave failures as they are, but what an MCP server says of its own is shown only where no map is. */
function compareFailure(
  reason: string | null,
  was: ResponseMap | null,
  is: ResponseMap | null,
): 'same' | 'undecidable' {
  if (reason?.startsWith('status_')) return 'same';
  return reason === 'tool_error' && was !== null && is !== null ? 'same' : 'undecidable';
}

const differs = (value: Json, map: ResponseMap): boolean =>
  canonicalJson(compileMap(map)(value)) !== canonicalJson(value);

/** Whether all that a map takes is in what another one leaves in its place. */
function takesOf(was: ResponseMap, is: ResponseMap): boolean {
  const left = readMap(was);
  if (left.some(({ inPlace }) => !inPlace)) return false;
  return readMap(is).every(({ from }) =>
    left.some((one) => one.from.length <= from.length && one.from.every((step, at) => step === from[at])),
  );
}

function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

import { hasCalledOn } from '../journal/index.ts';
import { newId, type Tx } from '../kernel/index.ts';
import { turnPause } from './approval.ts';
import {
  addToCounts,
  forgetCounts,
  holdTurnRow,
  moveTurn,
  readCounts,
  type TurnPlace,
} from './turn-store.ts';

/** One limit: how many calls of what is counted (a tool, a whole connection) a turn may hand to the service. */
export type TurnLimit = { countedId: string; of: 'tool' | 'connection'; limit: number };

/** Without a call, a turn without a name is forgotten after so long, whatever went on at tools without limits. */
const bridgedAtMost = 3_600_000;

/**
 * The turn a call belongs to, held until the transaction ends: calls of one turn are decided one after the other,
 * whichever replica they came to. A turn without a name ends with a minute without a call from the key to the
 * connection. Calls of tools that are not counted leave no trace here; the call log says whether they went on.
 */
export async function holdTurn(
  tx: Tx,
  place: TurnPlace,
  turn: { isNamed: boolean; now: Date },
): Promise<{ turnId: string }> {
  const { now, isNamed } = turn;
  const held = await holdTurnRow(tx, place, now);
  const over = !isNamed && (await isOver(tx, place, held.last_call_at, now));
  const turnId = over ? newId<'turn'>() : held.turn_id;
  if (over) await forgetCounts(tx, place.organizationId, held.turn_id);
  await moveTurn(tx, place, turnId, now);
  return { turnId };
}

async function isOver(tx: Tx, place: TurnPlace, last: Date, now: Date): Promise<boolean> {
  const quiet = now.getTime() - last.getTime();
  if (quiet < turnPause) return false;
  if (quiet > bridgedAtMost) return true;
  const { organizationId, principalId, connectionId } = place;
  const span = { since: last, now, pause: turnPause };
  return !(await hasCalledOn(tx, organizationId, { principalId, connectionId }, span));
}

/** Counts a call in a turn that is held, or says which limit it has reached. */
export async function countCall(
  tx: Tx,
  organizationId: string,
  turnId: string,
  limits: readonly TurnLimit[],
): Promise<TurnLimit | null> {
  if (limits.length === 0) return null;
  const counts = await readCounts(tx, organizationId, turnId);
  const reached = limits.find(({ countedId, limit }) => (counts.get(countedId) ?? 0) >= limit);
  if (reached) return reached;
  await addToCounts(
    tx,
    organizationId,
    turnId,
    limits.map(({ countedId }) => countedId),
  );
  return null;
}

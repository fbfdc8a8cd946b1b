import type { Connection, SyncResult } from '../connections/index.ts';
import { appendEvent } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';

/** Tools that one event names. */
const mostNamed = 50;

/**
 * Tells of what a service says otherwise than was accepted, in the transaction that found it: once, and again only
 * where more has come or it says something else.
 */
export async function announceDrift(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  { held, newlyHeld }: Pick<SyncResult, 'held' | 'newlyHeld'>,
): Promise<void> {
  if (newlyHeld.length === 0) return;
  await appendEvent(tx, clock, connection.organizationId, {
    type: 'connection.drifted',
    data: {
      connection_id: connection.id,
      connection_slug: connection.slug,
      connection_name: connection.nickname,
      held: newlyHeld
        .slice(0, mostNamed)
        .map((one) => ({ tool: one.slug, kind: one.kind, class: one.class })),
      newly_held_count: newlyHeld.length,
      held_count: held.length,
    },
  });
}

import type { Connection } from '../connections/index.ts';
import { appendEvent } from '../journal/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';

/** Tells of a connection whose status has moved, in the transaction that moved it. */
export async function announceFlip(
  tx: Tx,
  clock: Clock,
  { before, after }: { before: Connection; after: Connection },
): Promise<void> {
  await appendEvent(tx, clock, after.organizationId, {
    type: 'connection.status_changed',
    data: {
      connection_id: after.id,
      connection_slug: after.slug,
      connection_name: after.nickname,
      from: before.status,
      to: after.status,
      reason: after.statusReason,
    },
  });
}

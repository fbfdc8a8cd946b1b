import { appendEvent } from '../../journal/index.ts';
import type { Clock, Tx } from '../../kernel/index.ts';
import type { Held } from './settle-credential.ts';

/**
 * Tells that a refresh token was used a second time: a refresh was cut off before its answer was kept, and the service
 * then refused the token that the next one had to use again.
 */
export async function tellReused(tx: Tx, clock: Clock, { credential, connection }: Held): Promise<void> {
  await appendEvent(tx, clock, connection.organizationId, {
    type: 'credential.reused',
    data: {
      credential_id: credential.id,
      owner: { type: credential.owner.type, id: credential.owner.id },
      connection_id: connection.id,
      connection_slug: connection.slug,
      connection_name: connection.nickname,
    },
  });
}

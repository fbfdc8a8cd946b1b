import { authorize, type Ctx, type Principal } from '../access/index.ts';
import type { Egress } from '../egress/index.ts';
import type { EventType } from '../journal/index.ts';
import { Fault } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';

/** What commands on webhooks need besides the caller. */
export type NoticesCtx = Ctx & { vault: Vault; egress: Egress };

/** An address that wants to hear of some events. Holds nothing secret. */
export type Webhook = {
  id: string;
  organizationId: string;
  /** Without its query, whose values are sealed. */
  address: string;
  queryNames: readonly string[];
  sealedSecretId: string | null;
  description: string;
  events: readonly EventType[];
  isActive: boolean;
  /** Why it is not: the endpoint said that it is gone, or somebody turned it off. */
  disabledReason: string | null;
  disabledAt: Date | null;
  secretId: string;
  /** The secret before, which still signs until `until`. */
  previous: { secretId: string; until: Date } | null;
  createdAt: Date;
  updatedAt: Date;
};

/** The address as people may see it: query values are sealed and shown as `***`. */
export function shownUrl({ address, queryNames }: Webhook): string {
  const query = queryNames.map((name) => `${encodeURIComponent(name)}=***`).join('&');
  return query ? `${address}?${query}` : address;
}

/**
 * A webhook hears of everything in the organization and outlives the key that made it: it takes the whole of
 * management, and a key that is bound to a part of the organization may not have one tell it of the rest.
 */
export function authorizeWebhooks(principal: Principal): void {
  authorize(principal, 'management:all');
  if (principal.packIds ?? principal.userIds ?? principal.workspaceIds) {
    throw new Fault(
      'forbidden',
      'This key is bound to packs, registered users or workspaces; webhooks hear of the whole organization.',
    );
  }
}

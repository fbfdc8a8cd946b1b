import type { OAuthGrant } from '../../drivers/index.ts';
import { newId, type Clock, type Tx } from '../../kernel/index.ts';
import {
  credentialsHadAs,
  type Credential,
  type Detached,
  type Identity,
  type Vault,
} from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { insertRevocation } from './revocation-store.ts';

/** Tokens that are in no credential any more, or never became one. */
export type Leaving = {
  /** The credential or authorization they were in: what the audit names. */
  id: string;
  owner: string;
  sealed: Readonly<Record<string, string>>;
  grant: OAuthGrant | null;
  identity: Identity | null;
};

export const leavingOf = ({ credential, sealed }: Detached): Leaving => ({
  id: credential.id,
  owner: `${credential.owner.type}:${credential.owner.id}`,
  sealed,
  grant: credential.oauth as OAuthGrant | null,
  identity: credential.identity,
});

/** How long whoever committed the change has to revoke before the sweep does. */
const patience = 60_000;

/**
 * Lets sealed values go, in the transaction of the change that needs them no longer: shredded at once, or after the
 * service has been asked to revoke the tokens. Answers the revocation to run after the commit (run-revocation.ts), or
 * null where there is none. `besides` are secrets needed until then, such as the client's own.
 */
export async function letGo(
  tx: Tx,
  deps: { vault: Vault; clock: Clock },
  from: Pick<Connection, 'organizationId' | 'id' | 'localOrigin'>,
  leaving: readonly Leaving[],
  besides: readonly string[] = [],
): Promise<string | null> {
  const { organizationId } = from;
  const revocable: Leaving[] = [];
  for (const one of leaving) if (await mayRevoke(tx, organizationId, one)) revocable.push(one);
  const secretsOf = (some: readonly Leaving[]) => some.flatMap(({ sealed }) => Object.values(sealed));
  if (revocable.length === 0) {
    await deps.vault.discard(tx, organizationId, [...secretsOf(leaving), ...besides]);
    return null;
  }
  await deps.vault.discard(tx, organizationId, secretsOf(leaving.filter((one) => !revocable.includes(one))));
  const revocationId = newId<'revocation'>();
  const now = deps.clock.now();
  await insertRevocation(tx, {
    organization_id: organizationId,
    revocation_id: revocationId,
    connection_id: from.id,
    tokens: JSON.stringify(revocable),
    secret_ids: [...secretsOf(revocable), ...besides],
    local_origin: from.localOrigin,
    due_at: new Date(now.getTime() + patience),
    created_at: now,
  });
  return revocationId;
}

/** Longer than a service is ever asked about what was just sealed. */
const settled = 5 * 60_000;

/**
 * Writes down values that were sealed before anybody knows whether they are stored, so that a crash in between leaves
 * none for ever: the sweep shreds them, unless `deleteRevocation` has taken them back by then. Part of their sealing.
 */
export async function shredLater(
  tx: Tx,
  deps: { clock: Clock },
  from: Pick<Connection, 'organizationId' | 'id' | 'localOrigin'>,
  sealed: Readonly<Record<string, string>>,
): Promise<string> {
  const revocationId = newId<'revocation'>();
  const now = deps.clock.now();
  await insertRevocation(tx, {
    organization_id: from.organizationId,
    revocation_id: revocationId,
    connection_id: from.id,
    tokens: JSON.stringify([]),
    secret_ids: Object.values(sealed),
    local_origin: from.localOrigin,
    due_at: new Date(now.getTime() + settled),
    created_at: now,
  });
  return revocationId;
}

async function mayRevoke(tx: Tx, organizationId: string, { grant, identity }: Leaving): Promise<boolean> {
  if (!grant?.server.revocationUrl) return false;
  const others = await credentialsHadAs(tx, organizationId, grant.client.clientId);
  return standsAlone(grant, identity, others);
}

/**
 * Whether revoking these tokens leaves every other credential alone. A server that gives tokens for one resource ends
 * one grant (RFC 7009). A service that a connector file describes may end all that one app holds of an account, so
 * there another credential of the same app keeps its tokens unless it is surely another account's.
 */
export function standsAlone(
  grant: OAuthGrant,
  identity: Identity | null,
  others: readonly Pick<Credential, 'identity' | 'oauth'>[],
): boolean {
  if (grant.server.resource !== null) return true;
  return others
    .filter((other) => isOfSameApp(other.oauth as OAuthGrant | null, grant))
    .every((other) => identity !== null && other.identity !== null && other.identity.id !== identity.id);
}

/** Tokens of people, had at the same service as the same client. What a client has of its own is nobody's account. */
const isOfSameApp = (other: OAuthGrant | null, grant: OAuthGrant): boolean =>
  other !== null &&
  other.grant === 'authorization_code' &&
  other.server.tokenUrl === grant.server.tokenUrl &&
  other.client.clientId === grant.client.clientId;

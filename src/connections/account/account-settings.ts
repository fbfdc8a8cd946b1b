import type { AuthMethod } from '../../connectors/index.ts';
import { invalid, type Problem, type Tx } from '../../kernel/index.ts';
import { findCredentials, type Credential } from '../../vault/index.ts';
import { connectAsClient } from '../clients/connect-as-client.ts';
import type { Connection } from '../connection.ts';
import { usualSignInAt, type SignInAt } from '../consent/sign-in-at.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { updateConnectionRow } from '../store.ts';
import { usualAccountPaths, type AccountPaths, type AccountWish } from './account-wish.ts';
import { authorizeSecrets } from './authorize-secrets.ts';
import { originOf } from './origin-kept.ts';
import { planOwnClient, writeOwnClient, type ClientPlan } from './own-client.ts';
import { placeReferred } from './place-referred.ts';
import { idsOf, isReferred, referAll, type Referred } from './refer.ts';
import { chooseMethod, isSameMethod } from './sign-in-choice.ts';

/** What became of a connection's account. */
export type AppliedAccount = {
  connection: Connection;
  /** For the audit, and never a secret; null: nothing changed. */
  changes: Readonly<Record<string, unknown>> | null;
  /** To be run after the commit. */
  revocation: string | null;
};

/** What is to happen, all of it checked. */
type Plan = {
  at: SignInAt;
  /** The method is another one than before. */
  isOther: boolean;
  client: ClientPlan | null;
  /** Credentials that are of no use any more: replaced, of another origin, or of another method. */
  leaving: readonly Credential[];
  /** Null: nothing is taken from secrets that was not before. */
  refs: Referred | null;
};

/**
 * Has a connection sign in as wished, in the transaction of whoever makes or changes it; that one holds the connection,
 * has authorized, and calls `afterAccountSettings` when it is committed. Credentials of an origin that the connection
 * has left go, whoever's they are. What touches secrets needs `credentials:write` too. Fault `invalid` names the
 * problems, and then nothing has changed.
 */
export async function applyAccountSettings(
  tx: Tx,
  ctx: ConnectionsCtx,
  connection: Connection,
  wish: AccountWish,
  paths: AccountPaths = usualAccountPaths,
): Promise<AppliedAccount> {
  const { at, isOther, client, leaving, refs } = await planAccount(tx, ctx, connection, wish, paths);
  if (!isOther && !client && !refs && leaving.length === 0) {
    return { connection, changes: null, revocation: null };
  }
  const chosen = isOther || client ? await chooseAnew(tx, ctx, at, isOther) : connection;
  if (client) await writeOwnClient(tx, ctx, { ...at, connection: chosen }, client);
  const placed = await placeReferred(tx, ctx, chosen, { method: at.method, isOther, leaving, refs });
  return {
    ...placed,
    changes: {
      ...(isOther ? { auth: at.method.type } : {}),
      ...(client ? { own_client: 'drop' in client ? null : client.wish.clientId } : {}),
      ...(refs ? { credential_refs: idsOf(refs) } : {}),
      ...(leaving.length > 0 ? { credentials_shredded: leaving.length } : {}),
    },
  };
}

async function planAccount(
  tx: Tx,
  ctx: ConnectionsCtx,
  connection: Connection,
  wish: AccountWish,
  paths: AccountPaths,
): Promise<Plan> {
  const { organizationId, id: connectionId } = connection;
  const now = await usualSignInAt(tx, ctx, connection);
  // A process of the operator's has nothing to sign in with, whatever its connector says of servers with an address.
  const offered = connection.kind === 'stdio' ? [] : (now.file?.auth ?? []);
  const method = chooseMethod(offered, now.method, wish, paths);
  const at = { ...now, method };
  const isOther = !isSameMethod(method, now.method);
  const credentials = await findCredentials(tx, organizationId, { connectionId });
  const isUseless = ({ owner, origin, method: by }: Credential): boolean =>
    origin !== originOf(connection) ||
    (isOther && owner.type === 'organization' && !isSameMethod(by as AuthMethod, method));
  const stays = credentials.find((one) => one.owner.type === 'organization' && !isUseless(one));
  const wished = wish.credentialRefs === undefined ? null : (wish.credentialRefs ?? {});
  const isNew = wished !== null && !isReferred(stays, wished);
  const leaving = credentials.filter((one) => isUseless(one) || (isNew && one === stays));
  if (isNew || leaving.length > 0) authorizeSecrets(ctx);
  const referred = isNew ? await referAll(tx, connection, method, wished, paths.credentialRefs) : null;
  const client = await planOwnClient(tx, ctx, at, wish.connectionCredentials, paths.connectionCredentials);
  const problems: Problem[] = [...(referred?.problems ?? []), ...client.problems];
  if (problems.length > 0) throw invalid(...problems);
  return { at, isOther, client: client.plan, leaving, refs: referred?.found ?? null };
}

async function chooseAnew(
  tx: Tx,
  ctx: ConnectionsCtx,
  { connection, method }: SignInAt,
  isOther: boolean,
): Promise<Connection> {
  const { organizationId, id, metadata } = connection;
  const isUnchosen = metadata.default === true && metadata.method_chosen !== true;
  return updateConnectionRow(tx, organizationId, id, {
    updated_at: ctx.clock.now(),
    ...(isOther ? { auth: JSON.stringify(method) } : {}),
    ...(isOther && isUnchosen ? { metadata: JSON.stringify({ ...metadata, method_chosen: true }) } : {}),
  });
}

/**
 * When it is committed: pools forget the old account, old tokens are revoked, and one that signs in as a client has its
 * token at once. A service that gives none leaves the connection as it is, with the reason.
 */
export async function afterAccountSettings(
  ctx: ConnectionsCtx,
  applied: AppliedAccount,
): Promise<Connection> {
  const { connection, changes, revocation } = applied;
  if (changes === null) return connection;
  await ctx.drivers.forget(connection.id);
  await runRevocation(ctx, connection.organizationId, revocation);
  if (connection.status === 'connected') return connection;
  return (await connectAsClient(ctx, connection)).connection;
}

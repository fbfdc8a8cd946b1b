import { change } from '../../access/index.ts';
import { appendAudit } from '../../journal/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { findCredentials, type Identity } from '../../vault/index.ts';
import { callbackFor } from './callback.ts';
import type { FlowStep } from './connect-flow.ts';
import { targetOf } from '../connection.ts';
import { actingFor, deadLink, holdLink, holdRows, type Entered, type FlowDeps } from './enter-link.ts';
import { refOf, type Had } from './had.ts';
import { identifyAccount } from './identify-account.ts';
import { findLink, updateLink } from './link-store.ts';
import { dropAuthorizations, forgetAuthorizations, pendingOf, writePending } from './pending.ts';
import { needsYes, placeAccount, saidOfAccount, type Placed } from './place-account.ts';
import { readListing } from '../read-listing.ts';
import { recordListing } from '../record-listing.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { signInAt } from './sign-in-at.ts';

/** Asks the service whose account it is, and stores it or asks the person first. */
export async function settleAccount(
  deps: FlowDeps,
  entered: Entered,
  authorizationId: string,
  had: Had,
): Promise<FlowStep> {
  const { organizationId } = entered.link;
  const { connection } = entered;
  const { file } = await deps.database.transaction({ organizationId }, (tx) =>
    signInAt(tx, deps, connection),
  );
  const at = { organizationId, id: authorizationId, origin: new URL(connection.address).origin };
  const identified = await identifyAccount(deps.drivers, {
    target: targetOf(connection),
    file,
    credential: refOf(at, had),
  });
  if (identified.kind === 'refused') {
    return failFlow(deps, entered, { id: authorizationId, error: 'refused', reason: identified.reason });
  }
  const account = identified.kind === 'known' ? identified.account : null;
  return finish(deps, entered, { id: authorizationId, had, account, said: null });
}

/** The yes, or the no, to what waits. */
export async function confirmAccount(deps: FlowDeps, entered: Entered, yes: boolean): Promise<FlowStep> {
  const { organizationId, id } = entered.link;
  const pending = await deps.database.transaction({ organizationId }, (tx) =>
    pendingOf(tx, organizationId, id),
  );
  if (!pending) {
    return { kind: 'failed', reason: 'Nothing waits for a yes here. Begin again.', redirectTo: null };
  }
  const { id: authorizationId, had, account, previous } = pending;
  if (!yes) {
    const reason = 'You said no. Nothing was stored.';
    return failFlow(deps, entered, { id: authorizationId, error: 'access_denied', reason });
  }
  return finish(deps, entered, { id: authorizationId, had, account, said: { previous } });
}

type Candidate = {
  id: string;
  had: Had;
  account: Identity | null;
  /** The yes, and to the replacing of which account; null: nobody was asked yet. */
  said: { previous: Identity | null } | null;
};

type Outcome =
  { kind: 'stored'; placed: Placed } | { kind: 'ask'; previous: Identity | null } | { kind: 'was' };

/** Of two submits at once one stores and the other finds it done. */
async function finish(deps: FlowDeps, entered: Entered, candidate: Candidate): Promise<FlowStep> {
  const { organizationId, owner } = entered.link;
  const { account } = candidate;
  const acting = actingFor(deps, entered.link);
  const outcome = await change<Outcome>(acting, 'account.connected', async (tx) => {
    const target = { type: 'connection', id: entered.connection.id };
    const held = await holdLink(tx, deps, entered);
    if (!held) return { result: { kind: 'was' }, target, changes: null };
    const [now] = await findCredentials(tx, organizationId, { connectionId: held.connection.id, owner });
    const previous = now?.identity ?? null;
    const isSaid = candidate.said !== null && candidate.said.previous?.id === previous?.id;
    if (needsYes(account, previous) && !isSaid) {
      const asked = { had: candidate.had, account, previous, isAsked: true };
      const isThere = await writePending(tx, organizationId, candidate.id, asked);
      return { result: isThere ? { kind: 'ask', previous } : { kind: 'was' }, target, changes: null };
    }
    const placed = await store(tx, deps, held, candidate);
    return placed
      ? { result: { kind: 'stored', placed }, target, changes: saidOfAccount(placed) }
      : { result: { kind: 'was' }, target, changes: null };
  });
  switch (outcome.kind) {
    case 'ask':
      return { kind: 'confirm', account, previous: outcome.previous };
    case 'was':
      return overtaken(deps, entered);
    case 'stored':
      await afterwards(deps, entered, outcome.placed);
      return done(deps, entered, account);
  }
}

/** Null where what was had is gone: another step of the same link has taken its place. */
async function store(
  tx: Tx,
  deps: FlowDeps,
  held: Entered,
  { id, had, account }: Candidate,
): Promise<Placed | null> {
  const { link, connection } = held;
  const isThere = await forgetAuthorizations(tx, deps, held, id);
  if (!isThere) return null;
  const placed = await placeAccount(tx, deps, { connection, owner: link.owner, had, account });
  await updateLink(tx, link.organizationId, link.id, { used_at: deps.clock.now() });
  return placed;
}

/** Outside the transaction: pools forget the old account, the old tokens are revoked, an MCP server tells its tools. */
async function afterwards(deps: FlowDeps, { link }: Entered, placed: Placed): Promise<void> {
  const { connection, credential } = placed;
  await deps.drivers.forget(connection.id);
  await runRevocation(deps, link.organizationId, placed.revocation);
  const isFirst = connection.toolsSyncedAt === null;
  if (connection.kind !== 'mcp' || (link.owner.type !== 'organization' && !isFirst)) return;
  const acting = { ...actingFor(deps, link), connectionHooks: deps.connectionHooks };
  await recordListing(
    acting,
    connection.id,
    await readListing(deps, connection, { owner: credential.owner }),
  );
}

async function done(deps: FlowDeps, entered: Entered, account: Identity | null): Promise<FlowStep> {
  const { organizationId, owner } = entered.link;
  const { connection } = entered;
  const held =
    owner.type === 'organization'
      ? await deps.database.transaction({ organizationId }, (tx) =>
          deps.connectionHooks.findHeld(tx, connection),
        )
      : [];
  const outcome = { status: 'success', connector: connection.slug } as const;
  const redirectTo = callbackFor(entered.organization.callbackUrls, entered.link, outcome);
  return { kind: 'done', account, redirectTo, held };
}

/** Another submit of the same step was quicker: what it stored is what this one answers. Another try has stored nothing yet. */
async function overtaken(deps: FlowDeps, entered: Entered): Promise<FlowStep> {
  const { organizationId, id, owner } = entered.link;
  const { isUsed, now } = await deps.database.transaction({ organizationId }, async (tx) => {
    const [credential] = await findCredentials(tx, organizationId, {
      connectionId: entered.connection.id,
      owner,
    });
    const link = await findLink(tx, organizationId, id);
    return { isUsed: link !== undefined && link.used_at !== null, now: credential };
  });
  if (isUsed && now) return done(deps, entered, now.identity);
  return { kind: 'failed', reason: 'Another try has taken the place of this one.', redirectTo: null };
}

/**
 * Nothing is stored, what this try had is let go, and the audit says so. The link may be tried again, and is being
 * where another try has been begun. `id` is the authorization's; null where it came to none.
 */
export async function failFlow(
  deps: FlowDeps,
  entered: Entered,
  { id, error, reason }: { id: string | null; error: string; reason: string },
): Promise<FlowStep> {
  const { link, connection, organization } = entered;
  const { organizationId } = link;
  const { isUsed, revocation } = await deps.database.transaction({ organizationId }, async (tx) => {
    const held = await holdRows(tx, link);
    if (!held) throw deadLink();
    // A yes was quicker: what waited is the account now, and nothing of it is let go.
    if (held.link.usedAt !== null) return { isUsed: true, revocation: null };
    await appendAudit(tx, deps.clock, organizationId, {
      actor: { type: 'link', id: link.id },
      action: 'account.connected',
      target: { type: 'connection', id: connection.id },
      outcome: 'failed',
      reason,
      requestId: null,
      changes: { owner: `${link.owner.type}:${link.owner.id}`, error },
    });
    return {
      isUsed: false,
      revocation: id === null ? null : await dropAuthorizations(tx, deps, held, { id }),
    };
  });
  if (isUsed) return overtaken(deps, entered);
  await runRevocation(deps, organizationId, revocation);
  return {
    kind: 'failed',
    reason,
    redirectTo: callbackFor(organization.callbackUrls, link, { status: 'error', error }),
  };
}

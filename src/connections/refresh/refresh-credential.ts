import { setTimeout as pause } from 'node:timers/promises';
import { systemChange } from '../../access/index.ts';
import type { AuthMethod } from '../../connectors/index.ts';
import type { OAuthGrant, Refreshed, Tokens } from '../../drivers/index.ts';
import { Fault, type Tx } from '../../kernel/index.ts';
import { markCredential, renewCredential, type Credential, type Plaintext } from '../../vault/index.ts';
import {
  claimRefresh,
  giveUp,
  lease,
  type Attempted,
  type Claim,
  type RefreshDeps,
} from './claim-refresh.ts';
import { hasRunOut, refreshDueAt, restAfter } from './refresh-due.ts';
import { letGoLate } from '../revoke/let-go-late.ts';
import { closeAttempt, type RefreshAttempt, type RefreshOutcome } from './refresh-store.ts';
import {
  againFrom,
  changesOf,
  credentialTopic,
  followStatus,
  holdCredential,
  movedTo,
  type CredentialAt,
  type Held,
  type StatusChange,
} from './settle-credential.ts';
import { tellReused } from './tell-reused.ts';

/** The slowest token endpoint that is waited for. */
const slowest = 30_000;
const untilNextTry = 500;

/**
 * Refreshes a credential that is still in this version, if nobody else is at it: the open attempt is committed before
 * the request, so that one replica at a time asks, and a crash leaves a row that says so. No transaction is open
 * while the service is asked.
 */
export async function refreshCredential(deps: RefreshDeps, at: CredentialAt): Promise<Attempted> {
  const claim = await claimRefresh(deps, at);
  if (claim.kind !== 'claimed') return claim;
  const refreshed = await askService(deps, claim.held);
  const end = Date.now() + lease;
  for (;;) {
    try {
      return { kind: 'read', credential: await recordRefresh(deps, claim, refreshed) };
    } catch (error) {
      // The service has answered, and its answer may be the only copy: it outlasts a short loss of the database.
      if (!(error instanceof Fault) || error.kind !== 'unavailable' || Date.now() > end) {
        await giveUp(deps, claim.attempt).catch((also: unknown) => deps.onError(also, 'giving up a refresh'));
        throw error;
      }
      await pause(untilNextTry);
    }
  }
}

async function askService(deps: RefreshDeps, { credential, connection }: Held): Promise<Refreshed> {
  const { organizationId, localOrigin } = connection;
  // The refresh token is good once: what is remembered here may be from before another replica's refresh.
  deps.vault.forget(organizationId, credential.id);
  try {
    return await deps.drivers.oauth.refresh({
      organizationId,
      credentialId: credential.id,
      grant: credential.oauth as OAuthGrant,
      scopes: credential.scopes,
      localOrigin,
      signal: AbortSignal.timeout(slowest),
    });
  } catch (error) {
    deps.onError(error, 'refreshing a token');
    return { kind: 'passing', reason: 'The refresh failed on this side.', retryAfter: null };
  }
}

type Recorded = { credential: Credential | null; change: StatusChange | null; outcome: RefreshOutcome };

/** Writes down what came of it and ends the attempt, in one transaction with all that follows from a new status. */
async function recordRefresh(
  deps: RefreshDeps,
  { attempt, held: asked, lost }: Extract<Claim, { kind: 'claimed' }>,
  refreshed: Refreshed,
): Promise<Credential | null> {
  const { organizationId, credentialId } = attempt;
  const action = 'credential.status_changed';
  const { credential, change, outcome } = await systemChange<Recorded>(
    deps,
    organizationId,
    action,
    async (tx) => {
      const target = { type: 'credential', id: credentialId };
      const held = await holdCredential(tx, attempt);
      if (!held) {
        return { result: { credential: null, change: null, outcome: 'overtaken' }, target, changes: null };
      }
      const after =
        refreshed.kind === 'tokens'
          ? await renew(tx, deps, attempt, held.credential, refreshed.tokens)
          : await markCredential(
              tx,
              organizationId,
              attempt,
              failureOf(held.credential, refreshed, lost, deps),
            );
      const ended = after === null ? 'overtaken' : refreshed.kind === 'tokens' ? 'refreshed' : refreshed.kind;
      await closeAttempt(tx, attempt, {
        at: deps.clock.now(),
        outcome: ended,
        reason: refreshed.kind === 'tokens' ? null : refreshed.reason,
      });
      tx.notify({ topic: credentialTopic, organizationId, subject: movedTo(after ?? held.credential) });
      if (after && refreshed.kind === 'terminal' && lost) await tellReused(tx, deps.clock, held);
      const moved = after && (await followStatus(tx, deps, held, after));
      return {
        result: { credential: after ?? held.credential, change: moved, outcome: ended },
        target,
        changes: changesOf(moved),
      };
    },
  );
  deps.onRefreshed(outcome);
  if (change) deps.onStatus(change);
  if (credential === null && refreshed.kind === 'tokens') void letGoLate(deps, asked, refreshed.tokens);
  return credential;
}

function renew(
  tx: Tx,
  deps: RefreshDeps,
  attempt: RefreshAttempt,
  before: Credential,
  tokens: Tokens,
): Promise<Credential | null> {
  const { expiresAt, scopes } = tokens;
  const fields: Record<string, Plaintext> = { access_token: tokens.accessToken };
  if (tokens.refreshToken) fields['refresh_token'] = tokens.refreshToken;
  return renewCredential(tx, deps, attempt.organizationId, attempt, {
    fields,
    expiresAt,
    refreshDueAt: refreshDueAt({ expiresAt, now: deps.clock.now(), marginSeconds: marginOf(before) }),
    scopes,
  });
}

/** The connector's margin, which an MCP server cannot name. */
function marginOf({ method, oauth }: Credential): number | null {
  const { margin_seconds: named } = method as AuthMethod & { margin_seconds?: number };
  return named ?? (oauth as OAuthGrant).server.marginSeconds ?? null;
}

/**
 * Terminal: the account is lost until somebody connects it again. Passing: nobody tries for a while, and only a token
 * that is out already makes a difference to callers.
 */
function failureOf(
  credential: Credential,
  refreshed: Exclude<Refreshed, { kind: 'tokens' }>,
  lost: string | null,
  { clock }: RefreshDeps,
): Parameters<typeof markCredential>[3] {
  const now = clock.now();
  const reason = lost ? `${refreshed.reason} ${lost}` : refreshed.reason;
  if (refreshed.kind === 'terminal') return { status: 'auth_failed', statusReason: reason };
  const failures = credential.failures + 1;
  const retryAt = new Date(now.getTime() + restAfter(failures, refreshed.retryAfter));
  if (!hasRunOut(credential, now) && credential.status === 'connected') return { failures, retryAt };
  return {
    failures,
    retryAt,
    status: 'token_expired',
    statusReason: `The token ran out, and refreshing it failed: ${reason}`,
    ...againFrom(credential, 'token_expired', now),
  };
}

import { systemChange } from '../../access/index.ts';
import type { Drivers } from '../../drivers/index.ts';
import { newId, type Tx } from '../../kernel/index.ts';
import { markCredential, type Credential, type Vault } from '../../vault/index.ts';
import { canRefresh, restAfter } from './refresh-due.ts';
import {
  closeAttempt,
  findOpenAttempt,
  insertAttempt,
  lastLost,
  type RefreshAttempt,
  type RefreshOutcome,
} from './refresh-store.ts';
import { holdCredential, type CredentialAt, type Held, type SettleDeps } from './settle-credential.ts';

export type RefreshDeps = SettleDeps & {
  vault: Vault;
  drivers: Drivers;
  /** Which process this is: an attempt says whose it is. */
  replicaId: string;
  onError: (error: unknown, what: string) => void;
  /** Told how each refresh ended, after that is stored. */
  onRefreshed: (outcome: RefreshOutcome) => void;
};

/**
 * Longer than the slowest token endpoint that is waited for: whoever finds an attempt beyond it knows that its process
 * is gone.
 */
export const lease = 40_000;

export type Attempted =
  /** How the credential stands, after a refresh or because none was to be made; null: it is gone. */
  | { kind: 'read'; credential: Credential | null }
  /** Somebody else is at it. */
  | { kind: 'busy'; credential: Credential };

export type Claim =
  | Attempted
  /** `lost` says that an answer to the same refresh token may have been lost before; null: none was. */
  | { kind: 'claimed'; attempt: RefreshAttempt; held: Held; lost: string | null };

/** Opens an attempt that is committed before the service is asked: the lease. */
export async function claimRefresh(deps: RefreshDeps, at: CredentialAt): Promise<Claim> {
  const { organizationId, credentialId } = at;
  const now = deps.clock.now();
  const target = { type: 'credential', id: credentialId };
  let isLeft = false;
  const claim = await systemChange<Claim>(deps, organizationId, 'credential.refresh_lost', async (tx) => {
    const held = await holdCredential(tx, at);
    const asIs = (result: Claim): { result: Claim; target: typeof target; changes: null } => ({
      result,
      target,
      changes: null,
    });
    if (!held) return asIs({ kind: 'read', credential: null });
    const { credential } = held;
    const open = await findOpenAttempt(tx, organizationId, credentialId);
    const isLost = open !== null && (open.leaseUntil <= now || isOfBefore(deps, open));
    if (open && !isLost) return asIs({ kind: 'busy', credential });
    const left = open && (await sayLost(tx, deps, held, open, lostSentence(open.startedAt)));
    isLeft = left !== null;
    const attempt: RefreshAttempt = {
      organizationId,
      id: newId<'attempt'>(),
      credentialId,
      version: credential.version,
      replicaId: deps.replicaId,
      startedAt: now,
      leaseUntil: new Date(now.getTime() + lease),
    };
    const may = credential.version === at.version && mayRefresh(credential, now);
    if (may && !(await insertAttempt(tx, attempt))) return asIs({ kind: 'busy', credential });
    if (!canRefresh(credential) && credential.refreshDueAt !== null) {
      await markCredential(tx, organizationId, at, { refreshDueAt: null });
    }
    const lost = may ? await lastLost(tx, organizationId, at) : null;
    const result: Claim = may
      ? { kind: 'claimed', attempt, held, lost }
      : { kind: 'read', credential: left?.credential ?? credential };
    return { result, target, changes: left?.changes ?? null };
  });
  if (isLeft) deps.onRefreshed('lost');
  return claim;
}

/** The embedded database has one process: whatever another began was lost with it. */
const isOfBefore = ({ database, replicaId }: RefreshDeps, attempt: RefreshAttempt): boolean =>
  database.kind === 'embedded' && attempt.replicaId !== replicaId;

/** Terminal failures are never tried again, passing ones not before their time. */
const mayRefresh = (credential: Credential, now: Date): boolean =>
  credential.status !== 'auth_failed' &&
  canRefresh(credential) &&
  (credential.retryAt === null || credential.retryAt <= now);

const lostSentence = (at: Date): string =>
  `A refresh begun at ${at.toISOString()} was cut off when its server stopped; the service may have answered it.`;

/** Ends an attempt whose answer was not kept. What became of its request nobody knows, and the status says so. */
async function sayLost(
  tx: Tx,
  deps: RefreshDeps,
  held: Held,
  open: RefreshAttempt,
  reason: string,
): Promise<{ credential: Credential; changes: Record<string, unknown> }> {
  await closeAttempt(tx, open, { at: deps.clock.now(), outcome: 'lost', reason });
  const { id: credentialId, version } = held.credential;
  const isAbout = open.version === version && held.credential.status !== 'auth_failed';
  const marked = isAbout
    ? await markCredential(tx, open.organizationId, { credentialId, version }, { statusReason: reason })
    : null;
  const changes = { connection: held.connection.slug, reason };
  return { credential: marked ?? held.credential, changes };
}

/**
 * Ends an attempt of our own whose answer could not be written down: others need not wait for its lease, and what is
 * known of it is said as after a crash. It counts as a failure that may pass, so that nobody asks again at once.
 */
export async function giveUp(deps: RefreshDeps, attempt: RefreshAttempt): Promise<void> {
  const { organizationId, credentialId } = attempt;
  const isEnded = await systemChange(deps, organizationId, 'credential.refresh_lost', async (tx) => {
    const target = { type: 'credential', id: credentialId };
    const held = await holdCredential(tx, attempt);
    const open = held && (await findOpenAttempt(tx, organizationId, credentialId));
    if (!held || open?.id !== attempt.id) return { result: false, target, changes: null };
    const { changes, credential } = await sayLost(tx, deps, held, open, unwrittenSentence(open.startedAt));
    const failures = credential.failures + 1;
    const retryAt = new Date(deps.clock.now().getTime() + restAfter(failures, null));
    await markCredential(tx, organizationId, attempt, { failures, retryAt });
    return { result: true, target, changes };
  });
  if (isEnded) deps.onRefreshed('lost');
}

const unwrittenSentence = (at: Date): string =>
  `The answer to a refresh begun at ${at.toISOString()} could not be stored here.`;

import { setTimeout as pause } from 'node:timers/promises';
import type { Bus } from '../../kernel/index.ts';
import type { CredentialRef } from '../../drivers/index.ts';
import { findCredentials, type Credential } from '../../vault/index.ts';
import type { Attempted, RefreshDeps } from './claim-refresh.ts';
import { listenForNews } from './credential-news.ts';
import { credentialRefOf } from '../credential-ref.ts';
import { refreshCredential } from './refresh-credential.ts';
import { canRefresh, hasRunOut, isFresh, isRunningOut, mayRunOut } from './refresh-due.ts';
import { expireCredential, failCredential, type CredentialAt } from './settle-credential.ts';
import { sharing } from './sharing.ts';
import { sweepCredentials } from './sweep-credentials.ts';
import { wantScopes } from '../consent/want-scopes.ts';

/** What a request can be signed with; or why there is nothing, in a sentence for whoever asked. */
export type CredentialState =
  | { ok: true; ref: CredentialRef }
  /** `isPassing`: it may come back by itself shortly; nobody needs to do anything yet. */
  | {
      ok: false;
      reason: 'reauth_required';
      message: string;
      isPassing: boolean;
      /** The account is as good as before and may do too little: scopes a new consent would bring. */
      missing?: readonly string[];
    };

export type CredentialKeeper = {
  /**
   * Before a request is signed. At once, without a promise, where the token is good: every call asks. A token that has
   * run out is refreshed first, by one replica for all who wait.
   */
  ready(ref: CredentialRef): CredentialState | Promise<CredentialState>;
  /**
   * The service answered 401 to what this reference signed; `said` is its word for it, such as `invalid_token`. What
   * comes back as ok has changed meanwhile or was refreshed: worth one more try. Everything else is marked.
   */
  refused(ref: CredentialRef, said: string | null): Promise<CredentialState>;
  /** The row behind a reference whose secrets could not be opened: it may have been replaced in that moment. */
  reread(ref: CredentialRef): Promise<CredentialState>;
  /**
   * The service said that the account lacks these scopes. Notes them for the next consent, as far as asking is of use;
   * flips nothing.
   */
  lacks(ref: CredentialRef, missing: readonly string[]): Promise<Extract<CredentialState, { ok: false }>>;
  /** Refreshes what is due and marks what ran out; for the housekeeping. */
  sweep(): Promise<void>;
  /** Waits a moment for refreshes under way: what a service has answered should not be lost. */
  close(): Promise<void>;
};

export type KeeperDeps = RefreshDeps & { bus: Bus };

/** How long those who wait for another replica's refresh do so: longer than its lease, shorter than a call. */
const patience = 50_000;
/** Between looks at what another replica does, where the bus may be cut. */
const lookEvery = 500;
const lastMoment = 5_000;

/** Keeps credentials usable: one for each process, over all organizations. */
export function createCredentialKeeper(deps: KeeperDeps): CredentialKeeper {
  const { database, clock } = deps;
  const news = listenForNews(deps.bus, (organizationId, id) => deps.vault.forget(organizationId, id));
  const attempts = sharing<Attempted>();
  const renewals = sharing<CredentialState>();
  const refusals = sharing<CredentialState>();
  const wishes = sharing<readonly string[] | null>();
  let sweeping: Promise<void> | null = null;
  let isClosed = false;

  const attempt = (at: CredentialAt): Promise<Attempted> =>
    attempts.run(keyOf(at), () => refreshCredential(deps, at));

  /** Refreshes, or waits until somebody else has. */
  const refresh = async (at: CredentialAt): Promise<Attempted> => {
    const end = performance.now() + patience;
    for (;;) {
      const attempted = await attempt(at);
      const left = end - performance.now();
      if (attempted.kind === 'read' || left <= 0 || isClosed) return attempted;
      await news.heard(at.credentialId, Math.min(left, lookEvery));
    }
  };

  const use = (old: CredentialRef, credential: Credential): CredentialState => {
    const ref = credentialRefOf(old.organizationId, credential);
    if (ref.version > old.version || ref.credentialId !== old.credentialId) {
      deps.vault.forget(old.organizationId, ref.credentialId);
    }
    news.learn(old, ref);
    return { ok: true, ref };
  };

  /** The row behind a reference, or the one that has taken its place. */
  const read = async (ref: CredentialRef): Promise<Credential | null> => {
    const { organizationId, credentialId, holder } = ref;
    return database.transaction({ organizationId }, async (tx) => {
      const [row] = await findCredentials(tx, organizationId, { credentialId });
      if (row || !holder) return row ?? null;
      const [successor] = await findCredentials(tx, organizationId, holder);
      return successor ?? null;
    });
  };

  /** What a credential is good for after all that could be done for it now. */
  const judge = (ref: CredentialRef, credential: Credential | null): CredentialState => {
    if (!credential) return lapsed('The account was disconnected.');
    if (credential.status === 'auth_failed') return lapsed(credential.statusReason);
    if (hasRunOut(credential, clock.now())) {
      return lapsed(credential.statusReason ?? notYet, canRefresh(credential));
    }
    return use(ref, credential);
  };

  const atOf = (ref: CredentialRef, { id, version }: Credential): CredentialAt => ({
    organizationId: ref.organizationId,
    credentialId: id,
    version,
  });

  const renew = async (ref: CredentialRef): Promise<CredentialState> => {
    const seen = await read(ref);
    if (!seen || !isRunningOut(seen, clock.now())) return judge(ref, seen);
    if (canRefresh(seen)) {
      if (seen.retryAt !== null && seen.retryAt > clock.now()) return judge(ref, seen);
      const { credential } = await refresh(atOf(ref, seen));
      return judge(ref, credential ?? (await read(ref)));
    }
    return judge(ref, await expire(ref, seen));
  };

  /** Marks what has run out with nothing to refresh it. */
  const expire = async (ref: CredentialRef, seen: Credential): Promise<Credential | null> => {
    if (seen.status !== 'connected' || !hasRunOut(seen, clock.now())) return seen;
    return (await expireCredential(deps, atOf(ref, seen))) ?? read(ref);
  };

  const refuse = async (ref: CredentialRef, said: string | null): Promise<CredentialState> => {
    const seen = await read(ref);
    // It has changed since the request was signed: the refusal was for what it was before.
    if (!seen || seen.id !== ref.credentialId || seen.version !== ref.version) return judge(ref, seen);
    if (seen.status === 'auth_failed') return lapsed(seen.statusReason);
    if (!canRefresh(seen) || isFresh(seen, clock.now())) {
      return fail(ref, seen, { status: 'auth_failed', reason: refusedSentence(said) });
    }
    const attempted = await refresh(atOf(ref, seen));
    const { credential } = attempted;
    if (attempted.kind === 'busy') return lapsed(notYet, true);
    const isAsBefore = credential?.id === ref.credentialId && credential.version === ref.version;
    if (!isAsBefore) return judge(ref, credential ?? (await read(ref)));
    if (credential.status !== 'connected') {
      return lapsed(credential.statusReason, credential.status === 'token_expired');
    }
    return fail(ref, credential, { status: 'token_expired', reason: unrefreshed });
  };

  const fail = async (
    ref: CredentialRef,
    seen: Credential,
    to: Parameters<typeof failCredential>[2],
  ): Promise<CredentialState> => {
    const failed = await failCredential(deps, atOf(ref, seen), to);
    return failed ? lapsed(to.reason, to.status === 'token_expired') : judge(ref, await read(ref));
  };

  return {
    ready(ref) {
      if (ref.sealed) return { ok: true, ref };
      const newest = news.newest(ref);
      const { expiresAt } = newest;
      const runsOut = expiresAt !== null && mayRunOut(expiresAt, clock.now());
      const isGood = !runsOut && !news.hasMoved(newest);
      return isGood ? { ok: true, ref: newest } : renewals.run(keyOf(newest), () => renew(newest));
    },
    refused: (ref, said) =>
      ref.sealed
        ? Promise.resolve(lapsed(refusedSentence(said)))
        : refusals.run(keyOf(ref), () => refuse(ref, said)),
    reread: async (ref) => {
      if (ref.sealed) return { ok: true, ref };
      deps.vault.forget(ref.organizationId, ref.credentialId);
      return judge(ref, await read(ref));
    },
    async lacks(ref, missing) {
      const key = `${keyOf(ref)}:${missing.join(' ')}`;
      const wanted = ref.sealed ? null : await wishes.run(key, () => wantScopes(deps, ref, missing));
      const message = `The service asks for more than this account was granted: ${missing.join(' ')}.`;
      return wanted
        ? { ...lapsed(message), missing }
        : lapsed(
            `${message} Nobody is asked for it again: whoever owns the account can grant it at the service.`,
            true,
          );
    },
    async sweep() {
      if (isClosed) return;
      sweeping ??= sweepCredentials(deps, attempt, () => isClosed).finally(() => (sweeping = null));
      await sweeping;
    },
    async close() {
      isClosed = true;
      await Promise.race([attempts.settled(), pause(lastMoment, undefined, { ref: false })]);
      news.close();
    },
  };
}

const notYet = 'The token ran out and is being refreshed. Try again shortly.';
const unrefreshed = 'The service refused the token, and refreshing it has not worked yet.';

const refusedSentence = (said: string | null): string =>
  `The service answered 401${said === null ? '' : ` (${said})`}: it no longer takes what this connection signs in with. Connect the account again.`;

const lapsed = (message: string | null, isPassing = false): Extract<CredentialState, { ok: false }> => ({
  ok: false,
  reason: 'reauth_required',
  isPassing,
  message: message ?? 'The account has to be connected again.',
});

const keyOf = ({ credentialId, version }: { credentialId: string; version: number }): string =>
  `${credentialId}:${version}`;

import { setTimeout as pause } from 'node:timers/promises';
import type { CredentialState } from '../connections/index.ts';
import { missingScopes, type CredentialRef } from '../drivers/index.ts';
import { endedBy } from '../egress/index.ts';
import { Fault } from '../kernel/index.ts';
import type { GatewayDeps } from './ctx.ts';
import { dispatch, type Dispatched, type DispatchCall } from './dispatch.ts';

/** What a call could not be signed with, and what to say of it. */
export type Unsigned = {
  lapsed: Extract<CredentialState, { ok: false }>;
  credential: CredentialRef;
  upstreamMs: number;
};

/**
 * Hands a call to its driver with a credential that is good: one that has run out is refreshed first, and one that the
 * service refuses with 401 is refreshed, or read again, and tried once more: a 401 says that nothing was done. All of
 * it within the call's one deadline.
 */
export function dispatchSigned(
  deps: Pick<GatewayDeps, 'drivers' | 'keeper'>,
  call: DispatchCall,
): Promise<Dispatched | Unsigned> {
  const { authority } = call;
  if (authority.kind !== 'credential') return dispatch(deps.drivers, call);
  const begun = performance.now();
  const state = deps.keeper.ready(authority.credential);
  return state instanceof Promise
    ? dispatchWhen(deps, call, state, begun)
    : dispatchWith(deps, call, state, begun);
}

async function dispatchWhen(
  deps: Pick<GatewayDeps, 'drivers' | 'keeper'>,
  call: DispatchCall,
  refreshing: Promise<CredentialState>,
  begun: number,
): Promise<Dispatched | Unsigned> {
  const state = await inTime(refreshing, call, begun);
  return 'fault' in state ? state : dispatchWith(deps, call, state, begun);
}

/** How often a credential that is replaced again and again is read anew within one call. */
const mostReplacements = 3;

async function dispatchWith(
  { drivers, keeper }: Pick<GatewayDeps, 'drivers' | 'keeper'>,
  call: DispatchCall,
  first: CredentialState,
  begun: number,
): Promise<Dispatched | Unsigned> {
  let state = first;
  let refusals = 0;
  const after = (sent: Dispatched): Dispatched =>
    state === first ? sent : { ...sent, upstreamMs: performance.now() - begun };
  for (let replacements = 0; state.ok;) {
    const { ref } = state;
    const sent = await dispatch(drivers, withCredential(call, ref, begun));
    if ('fault' in sent) {
      // Shredded while it was being opened: nothing has left, and another may have taken its place.
      if (sent.fault.code !== 'credential_unreadable' || replacements === mostReplacements)
        return after(sent);
      replacements += 1;
      const now = await inTime(keeper.reread(ref), call, begun);
      if ('fault' in now) return now;
      if (now.ok && isSame(now.ref, ref)) return sent;
      state = now;
      continue;
    }
    const { status, refusal } = sent.reply;
    const missing = refusal ? missingScopes(refusal) : null;
    if (!refusal || (missing === null && status !== 401)) {
      return after(sent);
    }
    const said = missing ? keeper.lacks(ref, missing) : keeper.refused(ref, refusal.error);
    const next = await inTime(said, call, begun);
    if ('fault' in next) return next;
    refusals += 1;
    if (refusals === 2 && next.ok) return unsigned(call, later, begun);
    state = next;
  }
  return unsigned(call, state, begun);
}

const isSame = (one: CredentialRef, other: CredentialRef): boolean =>
  one.credentialId === other.credentialId && one.version === other.version;

function unsigned(call: DispatchCall, lapsed: Unsigned['lapsed'], begun: number): Dispatched | Unsigned {
  const upstreamMs = performance.now() - begun;
  if (call.signal.aborted) return { fault: endedBy(call.signal), upstreamMs };
  return { lapsed, credential: (call.authority as { credential: CredentialRef }).credential, upstreamMs };
}

function withCredential(call: DispatchCall, credential: CredentialRef, begun: number): DispatchCall {
  const { authority } = call;
  // Almost every call: its credential is good as it was compiled, and no time has been spent on it.
  if (authority.kind === 'credential' && authority.credential === credential) return call;
  const timeout = Math.max(1, call.timeout - (performance.now() - begun));
  return { ...call, timeout, authority: { kind: 'credential', credential, ranAs: authority.ranAs } };
}

const later: Unsigned['lapsed'] = {
  ok: false,
  reason: 'reauth_required',
  message: 'The account’s sign-in is being renewed. Try again shortly.',
  isPassing: true,
};

/** The keeper’s answer, or why there is none; "later" when the call is over before: others may be waiting for the same refresh. */
async function inTime(
  state: Promise<CredentialState>,
  { signal, timeout }: DispatchCall,
  begun: number,
): Promise<CredentialState | { fault: Fault; upstreamMs: number }> {
  const done = new AbortController();
  const left = Math.max(1, timeout - (performance.now() - begun));
  const over = pause(left, later, { signal: AbortSignal.any([signal, done.signal]) }).catch(() => later);
  try {
    return await Promise.race([state, over]);
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'internal') throw error;
    return { fault: error, upstreamMs: performance.now() - begun };
  } finally {
    done.abort();
  }
}

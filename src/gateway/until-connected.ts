import type { Principal } from '../access/index.ts';
import type { Snapshots } from './snapshots.ts';
import type { Address } from './types.ts';

/**
 * Resolves when a tool no longer lacks a credential that a person can give, or when the signal aborts. Tells
 * nothing else: whoever waited asks again who is calling, and calls.
 */
export async function untilConnected(
  snapshots: Snapshots,
  principal: Principal,
  address: Address,
  tool: string,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // Listening begins before looking, so that no change falls between the two.
    const change = nextChange(snapshots, principal.organizationId, signal);
    try {
      const view = await snapshots.view(principal, address);
      const authority = view.callable.get(tool)?.authority;
      if (authority?.kind !== 'missing' || authority.consent === null) return;
      await change.come;
    } finally {
      change.stop();
    }
  }
}

function nextChange(
  snapshots: Snapshots,
  organizationId: string,
  signal: AbortSignal,
): { come: Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unsubscribe = snapshots.onChange((changed) => {
    if (changed === organizationId) resolve();
  });
  const leave = (): void => resolve();
  signal.addEventListener('abort', leave, { once: true });
  return {
    come: promise,
    stop() {
      unsubscribe();
      signal.removeEventListener('abort', leave);
    },
  };
}

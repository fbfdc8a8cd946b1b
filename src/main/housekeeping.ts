import { forgetApprovals } from '../approvals/index.ts';
import { forgetAttempts, sweepLinks, sweepRevocations } from '../connections/index.ts';
import { countUsages, endLostCalls, forgetRequests, sweepKept, verifyAudit } from '../journal/index.ts';
import type { Api } from '../edges/index.ts';
import { forgetNotices } from '../notices/index.ts';
import { dropUnusedKeys } from '../vault/index.ts';
import { keyUses } from './key-uses.ts';
import type { Crib } from './open-crib.ts';

const fewSeconds = 5_000;
const halfMinute = 30_000;
const fewMinutes = 300_000;
const hour = 3_600_000;
const day = 24 * hour;
/** How long the request log is kept. */
const requestLife = 30 * day;
/** How long it can be looked up how refreshes went. */
const attemptLife = 30 * day;

/** Rows of kept arguments, of each kind, that one transaction forgets. */
const forgottenAtOnce = 1_000;

/** Forgets arguments that were kept for as long as the operator lets them be. */
export async function forgetArguments({ database, clock, config }: Crib): Promise<void> {
  const before = new Date(clock.now().getTime() - config.keepArgumentsDays * day);
  let forgotten: number;
  do forgotten = await database.transaction('system', (tx) => sweepKept(tx, before, forgottenAtOnce));
  while (forgotten >= forgottenAtOnce);
}

/** Ends every call that has no end. For a start that is alone on its database, before it serves. */
export async function endCallsOfBefore({ database, clock }: Crib): Promise<void> {
  await database.transaction('system', (tx) => endLostCalls(tx, clock.now(), { evenBeforeDeadline: true }));
}

/**
 * What has to be done now and then: tokens are refreshed before they run out, services are asked for their tools again, links leave nothing behind, calls whose end was never seen become `unknown`, kept responses and
 * the request log run out, webhooks are told what happened, and each day's last audit hash goes to the log as an anchor, since a chain alone cannot show a cut tail.
 */
export function startHousekeeping(crib: Crib, api: Api): { stop(): void } {
  const run = (what: string, work: () => Promise<unknown>): void => {
    work().catch((error: unknown) => crib.log.warn({ err: error }, what));
  };
  const sweep = (): Promise<number> =>
    crib.database.transaction('system', (tx) => endLostCalls(tx, crib.clock.now()));
  const anchor = async (): Promise<void> => {
    for (const { organizationId, rows, lastHash, bad } of await verifyAudit(crib.database)) {
      crib.log[bad ? 'error' : 'info'](
        { organization_id: organizationId, rows, last_hash: lastHash, bad },
        'audit anchor',
      );
    }
  };
  const forget = (): Promise<void> =>
    crib.database.transaction('system', (tx) =>
      forgetRequests(tx, new Date(crib.clock.now().getTime() - requestLife)),
    );
  const forgetRefreshes = (): Promise<void> =>
    crib.database.transaction('system', (tx) =>
      forgetAttempts(tx, new Date(crib.clock.now().getTime() - attemptLife)),
    );
  // Calls of a moment ago may still be on their way into the journal.
  const count = (): Promise<void> =>
    countUsages(crib.database, new Date(crib.clock.now().getTime() - fewMinutes));
  crib.deliverer.start();
  crib.syncer.start();
  run('refreshing tokens', () => crib.keeper.sweep());
  run('shortening the deliveries', () => forgetNotices(crib));
  run('sweeping lost calls', sweep);
  run('counting calls', count);
  run('shortening the request log', forget);
  run('forgetting arguments of calls', () => forgetArguments(crib));
  const timers = [
    setInterval(() => run('refreshing tokens', () => crib.keeper.sweep()), fewSeconds),
    setInterval(() => run('sweeping lost calls', sweep), halfMinute),
    setInterval(() => run('counting calls', count), fewMinutes),
    setInterval(() => run('sweeping links', () => sweepLinks(crib)), halfMinute),
    setInterval(() => run('revoking tokens', () => sweepRevocations(crib)), halfMinute),
    setInterval(() => run('sweeping kept responses', () => api.idempotency.sweep()), hour),
    setInterval(() => run('forgetting approvals and turns', () => forgetApprovals(crib)), hour),
    setInterval(() => run('forgetting arguments of calls', () => forgetArguments(crib)), hour),
    setInterval(() => run('shortening the deliveries', () => forgetNotices(crib)), hour),
    setInterval(() => run('shortening the list of refreshes', forgetRefreshes), day),
    setInterval(() => run('anchoring the audit', anchor), day),
    setInterval(() => run('dropping unused keys', () => dropUnusedKeys(crib, keyUses)), day),
    setInterval(() => run('shortening the request log', forget), day),
  ];
  for (const timer of timers) timer.unref();
  return {
    stop() {
      for (const timer of timers) clearInterval(timer);
    },
  };
}

import type { Metrics } from '../edges/index.ts';
import type { Crib } from './open-crib.ts';

/** Counts refreshes and accounts that fail or come back. Whose an account is counts by kind: ids make no series. */
export function countAccounts(crib: Pick<Crib, 'onAccount'>, metrics: Metrics): void {
  crib.onAccount({
    refreshed: (outcome) => metrics.refreshed(outcome),
    statusMoved: ({ owner, to }) => metrics.statusMoved({ owner: owner.split(':', 1)[0]!, to }),
  });
}

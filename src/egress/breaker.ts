/** Stops knocking at a closed door: counts connections that failed in a row, per origin. */
export type Breaker = {
  /** Milliseconds until the next try is due; 0 lets this one through. */
  wait(): number;
  connected(): void;
  failed(): void;
};

const patience = 5;
const firstRest = 1_000;
/** An upstream that is back is noticed within this time. */
const longestRest = 10_000;

export function createBreaker(now: () => number = () => performance.now()): Breaker {
  let failures = 0;
  let openUntil = 0;
  let rest = firstRest;
  return {
    wait() {
      if (failures < patience) return 0;
      const left = openUntil - now();
      if (left > 0) return left;
      // Half open: this caller tries, the others keep waiting for its outcome.
      openUntil = now() + rest;
      return 0;
    },
    connected() {
      failures = 0;
      rest = firstRest;
    },
    failed() {
      failures += 1;
      if (failures < patience) return;
      if (failures > patience) rest = Math.min(rest * 2, longestRest);
      openUntil = now() + rest;
    },
  };
}

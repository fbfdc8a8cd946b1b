import { setTimeout as pause } from 'node:timers/promises';
import { endedBy } from '../egress/index.ts';
import { Fault } from '../kernel/index.ts';

/** How an attempt ended: its worth as an answer, and whether another try may do better. */
export type Attempt<Answer> = { answer: Answer; status: number | null; retryAfter: string | null };

const mostRetries = 2;
const firstPause = 100;
/** A service that asks for a longer pause is not waited for. */
const longestPause = 2_000;
/** One retry for every ten calls, saved up to this many: a service in trouble gets no second wave. */
const fullBudget = 20;
const earned = 0.1;

/** Retries for one process, counted for each upstream origin. */
export function createRetries() {
  const budgets = new Map<string, number>();

  const spend = (origin: string): boolean => {
    const left = budgets.get(origin) ?? fullBudget;
    if (left < 1) return false;
    budgets.set(origin, left - 1);
    return true;
  };
  const earn = (origin: string): void => {
    const left = budgets.get(origin);
    if (left === undefined) return;
    if (left + earned >= fullBudget) budgets.delete(origin);
    else budgets.set(origin, left + earned);
  };

  /** Runs `attempt`, again at most twice where `repeatable` and the failure may pass. Errors are the last attempt's. */
  return async function retrying<Answer>(
    origin: string,
    repeatable: boolean,
    signal: AbortSignal,
    attempt: () => Promise<Attempt<Answer>>,
  ): Promise<Answer> {
    earn(origin);
    for (let tries = 0; ; tries += 1) {
      const last = !repeatable || tries === mostRetries;
      let wait: number | null;
      let outcome: Attempt<Answer> | null = null;
      let failure: unknown;
      try {
        outcome = await attempt();
        wait = last ? null : pauseAfter(outcome, tries);
      } catch (error) {
        failure = error;
        wait = !last && error instanceof Fault && error.code === 'unreachable' ? jitter(tries) : null;
      }
      if (wait === null || !spend(origin)) {
        if (outcome) return outcome.answer;
        throw failure;
      }
      await pause(wait, undefined, { signal }).catch(() => {
        throw endedBy(signal);
      });
    }
  };
}

export type Retrying = ReturnType<typeof createRetries>;

function jitter(tries: number): number {
  return firstPause * 2 ** tries * (0.5 + Math.random());
}

function pauseAfter({ status, retryAfter }: Attempt<unknown>, tries: number): number | null {
  if (status !== 429 && status !== 502 && status !== 503 && status !== 504) return null;
  if (retryAfter === null) return status === 429 ? null : jitter(tries);
  const seconds = /^\d+$/.test(retryAfter)
    ? Number(retryAfter)
    : (Date.parse(retryAfter) - Date.now()) / 1_000;
  const wait = Math.max(seconds * 1_000, jitter(tries));
  return wait <= longestPause ? wait : null;
}

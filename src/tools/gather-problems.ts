import { Fault, invalid, type Problem } from '../kernel/index.ts';

/** Problems of several parts of one request, told together. */
export type Gathering = {
  readonly problems: readonly Problem[];
  add(problems: readonly Problem[]): void;
  /** Does a part of the work; null where that is `invalid`, whose problems are then among these. */
  gather<T>(work: () => Promise<T>): Promise<T | null>;
  /** Fault `invalid` where there are any. */
  assertNone(): void;
};

export function createGathering(known: readonly Problem[] = []): Gathering {
  const problems: Problem[] = [...known];
  return {
    problems,
    add: (found) => void problems.push(...found),
    async gather(work) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== 'invalid') throw error;
        problems.push(...error.problems);
        return null;
      }
    },
    assertNone() {
      if (problems.length > 0) throw invalid(...problems);
    },
  };
}

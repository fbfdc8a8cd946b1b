import { readPattern, type PatternCost } from './pattern-cost.ts';

/**
 * Runs patterns from services' schemas. JavaScript's engine backtracks, so a pattern is read first: one whose
 * work can grow exponentially is never run, and one whose work grows with a power of the text is run only on
 * texts short enough. What is not run counts as matching: the service checks its own arguments itself, and
 * refusing a call for a pattern nobody can afford to run would be worse.
 */

/** Work allowed for one text, in ways the engine may try. */
const perText = 200_000;
/** Work allowed for all texts of one validation. */
const perValidation = 20_000_000;
let spent = 0;

/** Starts the account of one validation. */
export function resetPatternWork(): void {
  spent = 0;
}

export type Pattern = { test(text: string): boolean; toString(): string; exec: RegExp['exec'] };

/** Whether a pattern is run on any text at all: its work does not grow exponentially. */
export const isSafePattern = (source: string): boolean => readPattern(source) !== null;

/**
 * Compiles a pattern. `unread`: what a text counts as on which it is not run. Throws a SyntaxError for one that is no
 * pattern.
 */
export function safePattern(source: string, flags: string, unread = true): Pattern {
  const regExp = new RegExp(source, flags);
  const cost = readPattern(source);
  const test =
    cost === null
      ? () => unread
      : (text: string) => {
          const work = workFor(cost, text.length);
          if (work > perText || (spent += work) > perValidation) return unread;
          return regExp.test(text);
        };
  return { test, exec: (text) => regExp.exec(text), toString: () => `/${source}/${flags}` };
}

function workFor(cost: PatternCost, length: number): number {
  return 2 ** cost.choices * Math.max(1, length) ** cost.degree;
}

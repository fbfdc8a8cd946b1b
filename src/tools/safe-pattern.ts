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

/** Compiles a pattern. Throws a SyntaxError for one that is no pattern. */
export function safePattern(source: string, flags: string): Pattern {
  const regExp = new RegExp(source, flags);
  const cost = readPattern(source);
  const test =
    cost === null
      ? () => true
      : (text: string) => {
          const work = workFor(cost, text.length);
          if (work > perText || (spent += work) > perValidation) return true;
          return regExp.test(text);
        };
  return { test, exec: (text) => regExp.exec(text), toString: () => `/${source}/${flags}` };
}

function workFor(cost: PatternCost, length: number): number {
  return 2 ** cost.choices * Math.max(1, length) ** cost.degree;
}

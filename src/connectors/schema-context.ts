import type { Dialect, RawObject } from './read-document.ts';
import { refuseDocument } from './read-document.ts';

/** Which way a schema's values travel: `readOnly` members are no input, `writeOnly` ones no output. */
export type Direction = 'input' | 'output';

/** What converting one piece of schema has met on the way. */
export type Trail = { references: Set<string>; notes: Set<string>; nodes: number };

export const newTrail = (): Trail => ({ references: new Set(), notes: new Set(), nodes: 0 });

export type SchemaContext = {
  root: RawObject;
  dialect: Dialect;
  direction: Direction;
  /** The name under `$defs` for a pointer into the document. */
  defName(pointer: string): string;
  budget: Budget;
};

/**
 * Steps left for one import; GitHub's description takes some 26,000. A small document can ask for the same large
 * schema in thousands of operations; an honest one stays far below.
 */
export type Budget = { steps: number };

export const newBudget = (): Budget => ({ steps: 2_000_000 });

/** Takes one step. Throws Fault `invalid` when none is left. */
export function spend(budget: Budget): void {
  budget.steps -= 1;
  if (budget.steps < 0) throw refuseDocument('The schemas of the document are too large for its operations.');
}

import type { AccountWish } from '../connections/index.ts';
import type { Json, JsonPath, Problem } from '../kernel/index.ts';
import type { InputRule } from './curation.ts';
import type { ActionsPatch } from './plan-actions.ts';

/** A rule as it is wished for; `keepsValue`: with the sealed value that the field has already. */
export type WishedRule = InputRule & { keepsValue?: true };
export type ByTool<Value> = Readonly<Record<string, Value>>;
export type ByField<Value> = Readonly<Record<string, Value>>;

/**
 * What a team says of a connection and, all at once, of its tools. Absent leaves, null clears; a map that is given
 * takes the place of the whole one before. Tools are named by their bare names.
 */
export type ConnectionPatch = {
  nickname?: string;
  /** The connector's typed fields, all of them; null: none. */
  config?: Readonly<Record<string, unknown>> | null;
  /** How it signs in for the organization. */
  account?: AccountWish;
  /** For people; models are told `descriptionOverride`. */
  description?: string | null;
  namespaceId?: string | null;
  isActive?: boolean | null;
  requiresConfirmation?: boolean | null;
  maxCallsPerTurn?: number | null;
  descriptionOverride?: string | null;
  /** Null: all; else exactly these tools. */
  actionFilter?: readonly string[] | null;
  /** Tools of the author's own, and further parameters of others. */
  actions?: ActionsPatch;
  /** Values sent where the agent sends none, beneath the rules. */
  defaults?: ByTool<ByField<Json>> | null;
  inputs?: { rules: ByTool<ByField<WishedRule>>; written: ByTool<ByField<unknown>> } | null;
  descriptions?: ByTool<string> | null;
  /** What was wrong with it before it got here: told together with what is found here. */
  problems?: readonly Problem[];
};

/** Where in a request each part stands: contracts with other words rename the first member. */
export const placeOf = {
  config: ['config'],
  actionFilter: ['action_filter'],
  defaults: ['default_inputs'],
  inputs: ['inputs'],
  descriptions: ['descriptions'],
} as const satisfies Record<string, JsonPath>;

import type { Json } from '../kernel/index.ts';

/**
 * What an author says about one input field. Without `mode` a rule only narrows (`enum`) or relabels.
 * - `default`: sent when the agent sends nothing; the agent may send another value.
 * - `pinned`: always sent; the agent neither sees nor sets the field.
 * - `hidden`: not shown and refused when sent; with a value it is sent as a pin is.
 */
export type InputRule = {
  mode?: 'default' | 'pinned' | 'hidden';
  /** Absent where the value is sealed: then `secret` names it. */
  value?: Json;
  /** The sealed value's secret (contracts show `value: null, has_value: true`). */
  secret?: string;
  /** Only narrower than the service's own. */
  enum?: readonly Json[];
  title?: string;
  description?: string;
};
export type InputRules = Readonly<Record<string, InputRule>>;

/** Which fields of a reply leave. Without an alias a value keeps its place. */
export type FieldMapping = { path: string; alias?: string };
export type ResponseMap = { field_mappings: readonly FieldMapping[] };

/** One condition on a call's arguments: closed data, read by no language. */
export type Condition = {
  /** `a.b`, `a[0]`, `a[].b`: with `[]` it holds where it holds for one element. */
  path: string;
  op: 'eq' | 'ne' | 'gt' | 'lt' | 'in' | 'matches' | 'present';
  value?: Json;
};
export type Conditions = { any: readonly Condition[] } | { all: readonly Condition[] };

/** Whether calls ask a person first: always, never, or where the conditions hold. */
export type Confirmation = boolean | Conditions;

/** What the author says about one tool of a connection. Null everywhere means: as the service says. */
export type Curation = {
  isEnabled: boolean;
  title: string | null;
  description: string | null;
  inputs: InputRules | null;
  responseMap: ResponseMap | null;
  requiresConfirmation: Confirmation | null;
  /** How many of its calls one turn may hand to the service. */
  maxCallsPerTurn: number | null;
};

/** What a pack says about one tool of an entry: it may only narrow, never unpin. */
export type PackCuration = { description?: string; inputs?: InputRules };

/** Who said a part of the effective tool. */
export type Origin = 'service' | 'connector' | 'connection' | 'pack';

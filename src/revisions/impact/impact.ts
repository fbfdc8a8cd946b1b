import type { ChangeClass, Difference } from '../../tools/index.ts';

/** What a change would do, found out before it is made. */
export type Impact = {
  tools: readonly AffectedTool[];
  /** The packs that list an affected tool which is served, before or then, and the agents that were given one. */
  packs: readonly { id: string; slug: string }[];
  agents: readonly { id: string; handle: string }[];
  replayed: Replayed;
};

export type AffectedTool = {
  slug: string;
  /**
   * `added` and `removed`: agents are served it only then, or now; of a tool that they are not served, that it comes or
   * goes. Null: nothing that an agent sees of it differs, but what is sent, asked, counted or left of a reply does.
   */
  class: ChangeClass | 'added' | 'removed' | null;
  diff: readonly Difference[];
  /** Fields whose rules, and paths of the response map, that would no longer suit it: all of a tool that goes. */
  staleInputs: readonly string[];
  stalePaths: readonly string[];
};

/** The last calls, tried on what would be. */
export type Replayed = {
  calls: number;
  /** They would be let through as things are, and would be refused then, or ask a person first. */
  refused: number;
  /** What is sent, or what an agent gets to see of the reply, would be other than it is; or less stands in the way. */
  changed: number;
  /** Affected, and what was kept of them does not say how. */
  undecidable: number;
  examples: readonly Example[];
};

/** Names of fields and rules: no value of an argument. */
export type Example = { callId: string; tool: string; outcome: 'refused' | 'changed'; reason: string };

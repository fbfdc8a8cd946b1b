import { createHash } from 'node:crypto';
import { canonicalJson } from '../kernel/index.ts';
import { classifyChange, type ChangeClass, type Difference } from './classify-change.ts';
import { definitionFlags } from './definition-flags.ts';
import { staleInputFields } from './stale-inputs.ts';
import { staleMapPaths } from './stale-map-paths.ts';
import { newestDefinition, type Tool } from './tool.ts';

/** What a service says of one tool that nobody has accepted yet, and what would come of accepting it. */
export type HeldChange = {
  kind: 'added' | 'changed' | 'removed';
  class: ChangeClass | 'added' | 'removed';
  diff: readonly Difference[];
  /** Fields whose rules would no longer suit it. */
  staleInputs: readonly string[];
  /** Paths of the response map that replies would no longer have. */
  stalePaths: readonly string[];
  /** What stands out in its words: `instructions`, `invisible_characters`, … */
  flags: readonly string[];
  since: Date;
  /** Of this tool and what the service says of it: whoever accepts it can say that this is what was looked at. */
  digest: string;
};

const remembered = new WeakMap<Tool, HeldChange>();

/** What of a tool waits for a person; null: nothing does. */
export function heldChange(tool: Tool): HeldChange | null {
  if (tool.heldSince === null) return null;
  const known = remembered.get(tool);
  if (known) return known;
  const held = { ...changeOf(tool), since: tool.heldSince, digest: digestOf(tool) };
  remembered.set(tool, held);
  return held;
}

/** The same in two words: what many tools are asked for at once. */
export function heldKind(tool: Tool): Pick<HeldChange, 'kind' | 'class'> | null {
  if (tool.heldSince === null) return null;
  if (tool.vanishedAt !== null) return { kind: 'removed', class: 'removed' };
  if (tool.acceptedAt === null) return { kind: 'added', class: 'added' };
  return {
    kind: 'changed',
    class: classifyChange(tool.accepted, tool.newest ?? tool.accepted).class ?? 'text',
  };
}

const nothing = { diff: [], staleInputs: [], stalePaths: [], flags: [] } as const;

function changeOf(tool: Tool): Omit<HeldChange, 'since' | 'digest'> {
  if (tool.vanishedAt !== null) return { kind: 'removed', class: 'removed', ...nothing };
  if (tool.acceptedAt === null) {
    return { kind: 'added', class: 'added', ...nothing, flags: definitionFlags(tool.accepted) };
  }
  const newest = tool.newest ?? tool.accepted;
  const { class: kind, diff } = classifyChange(tool.accepted, newest);
  return {
    kind: 'changed',
    class: kind ?? 'text',
    diff,
    ...staleLists(tool),
    flags: definitionFlags(newest),
  };
}

function digestOf({ id, vanishedAt, accepted, newest }: Tool): string {
  const said = vanishedAt === null ? (newest ?? accepted) : null;
  return createHash('sha256')
    .update(canonicalJson([id, said]))
    .digest('hex')
    .slice(0, 32);
}

/** What of a tool's curation does not suit what the service said of it last. */
export function staleLists(tool: Tool): { staleInputs: readonly string[]; stalePaths: readonly string[] } {
  const newest = newestDefinition(tool);
  const { inputs, responseMap } = tool.curation;
  return {
    staleInputs: staleInputFields(inputs, newest.inputSchema, tool.definition.inputSchema),
    stalePaths: staleMapPaths(responseMap, newest.outputSchema ?? tool.learnedSchema),
  };
}

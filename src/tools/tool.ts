import type { Definition } from '../connectors/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import type { Connection } from '../connections/index.ts';
import type { Curation } from './curation.ts';
import { extendDefinition, type ExtraParameter } from './extend-definition.ts';
import type { RuleLayers } from './seal-rules.ts';

/** One callable operation of a connection: what the service says of it and what the author says. */
export type Tool = {
  id: string;
  organizationId: string;
  connectionId: string;
  /** The service's own name. */
  path: string;
  /** The bare legal name: what packs list and `names: plain` serves. */
  name: string;
  /** `<connection slug>__<name>`, unique in the organization. */
  slug: string;
  /** What agents are served: as accepted, with the author's further parameters. */
  definition: Definition;
  /** Who says what the tool is: the service, or the connection's author (a custom action), whom no listing moves. */
  source: 'service' | 'author';
  /** As accepted, without the author's further parameters: what listings are compared with. */
  accepted: Definition;
  /** What the service said last, where that is not what was accepted: held until somebody accepts it. */
  newest: Definition | null;
  /** Null: new since the first listing, and nobody has said yes to it. */
  acceptedAt: Date | null;
  /** Since when something of it is held; null: nothing is. */
  heldSince: Date | null;
  extraParameters: readonly ExtraParameter[];
  /** Learned from successful replies where the service declares no shape: types only. */
  learnedSchema: JsonSchema | null;
  curation: Curation;
  /** What `curation.inputs` is made of: the rules, over the defaults beneath them. */
  layers: RuleLayers;
  /** Whether calls' arguments are kept for some days, to try changes on. */
  keepsArguments: boolean;
  lastSeenAt: Date;
  /** Set when the service no longer lists it: it is refused, and comes back if the service does. */
  vanishedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
  position: number;
};

/** The shape of a successful reply: the declared one, else the learned one. */
export const responseSchemaOf = (tool: Tool): JsonSchema | null =>
  tool.definition.outputSchema ?? tool.learnedSchema;

/** Whether the author wants it served: enabled, and not left out by the connection's own selection. */
export const isOffered = (tool: Tool, { actionFilter }: Pick<Connection, 'actionFilter'>): boolean =>
  tool.curation.isEnabled && (actionFilter === null || actionFilter.includes(tool.name));

/** Whether agents may be offered it at all, whatever a pack says. */
export const isServable = (tool: Tool, connection: Pick<Connection, 'actionFilter'>): boolean =>
  isOffered(tool, connection) &&
  tool.acceptedAt !== null &&
  tool.vanishedAt === null &&
  tool.definition.quarantine === null;

const newestOf = new WeakMap<Tool, Definition>();

/** What the service said last, with the author's further parameters: what curation is measured against. */
export function newestDefinition(tool: Tool): Definition {
  if (tool.newest === null) return tool.definition;
  const known = newestOf.get(tool);
  if (known) return known;
  const newest = extendDefinition(tool.newest, tool.extraParameters);
  newestOf.set(tool, newest);
  return newest;
}

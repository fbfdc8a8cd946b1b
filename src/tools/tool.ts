import type { Definition } from '../connectors/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import type { Curation } from './curation.ts';

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
  definition: Definition;
  /** Learned from successful replies where the service declares no shape: types only. */
  learnedSchema: JsonSchema | null;
  curation: Curation;
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

/** Whether agents may be offered it at all, whatever a pack says. */
export const isServable = (tool: Tool): boolean =>
  tool.curation.isEnabled && tool.vanishedAt === null && tool.definition.quarantine === null;

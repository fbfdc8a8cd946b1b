import { bumpConfig } from '../journal/index.ts';
import type { Database, Json, JsonSchema } from '../kernel/index.ts';
import { learnSchema, saveLearnedSchema } from '../tools/index.ts';
import type { CompiledTool } from './compiled-tool.ts';

export type ShapeLearner = { see(tool: CompiledTool, value: Json): void; drain(): Promise<void> };

/** After this many replies that taught nothing new a tool is looked at only now and then. */
const settledAfter = 20;
const nowAndThen = 100;
const knownAtMost = 20_000;
/** Larger replies are not walked: learning must not cost more than the call. */
const largest = 65_536;

/**
 * Learns the shape of successful replies where the service declares none: types only, no value. Off the
 * call's way; a shape is written when it changes, which soon stops happening.
 */
export function createShapeLearner(deps: {
  database: Database;
  onError: (error: unknown, what: string) => void;
}): ShapeLearner {
  const known = new Map<string, { schema: JsonSchema | null; quiet: number; seen: number }>();
  const writing = new Set<Promise<void>>();

  const save = async (tool: CompiledTool, schema: JsonSchema): Promise<void> => {
    const { organizationId } = tool;
    try {
      await deps.database.transaction({ organizationId }, async (tx) => {
        await saveLearnedSchema(tx, organizationId, tool.toolId, schema);
        await bumpConfig(tx, organizationId);
      });
    } catch (error) {
      deps.onError(error, 'saving a learned shape');
    }
  };

  return {
    see(tool, value) {
      if (!tool.learns) return;
      let state = known.get(tool.toolId);
      if (!state) {
        if (known.size >= knownAtMost) known.delete(known.keys().next().value ?? '');
        known.set(tool.toolId, (state = { schema: tool.learnedSchema, quiet: 0, seen: 0 }));
      }
      state.seen += 1;
      if (state.quiet >= settledAfter && state.seen % nowAndThen !== 0) return;
      const next = learnSchema(state.schema, value);
      if (next === state.schema) {
        state.quiet += 1;
        return;
      }
      state.schema = next;
      state.quiet = 0;
      const work = save(tool, next).finally(() => writing.delete(work));
      writing.add(work);
    },
    async drain() {
      await Promise.all(writing);
    },
  };
}

/** Whether a reply of this size is worth learning from. */
export const isTeachable = (bytes: number): boolean => bytes <= largest;

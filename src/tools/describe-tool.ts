import type { JsonSchema } from '../kernel/index.ts';
import { mergedInputPreview } from './apply-rules.ts';
import { effectiveTool } from './effective-tool.ts';
import { countRules } from './input-rules.ts';
import { staleLists } from './held-change.ts';
import { tokenCost } from './token-cost.ts';
import { responseSchemaOf, type Tool } from './tool.ts';

/** What follows from a tool's definition and curation; computed on read, never stored. */
export type ToolDescription = {
  defaultCount: number;
  pinnedCount: number;
  staleFieldPaths: readonly string[];
  staleInputFields: readonly string[];
  /** The operator's view: the full schema with defaults and pins injected. */
  mergedInputPreview: JsonSchema;
  responseSchema: JsonSchema | null;
  /** Tokens the tool takes in a model's context: as the service has it, and as it is served. */
  tokenCost: { served: number; raw: number };
  /** `action`: the reply has a known shape a program may consume; `llm`: a model has to read it. */
  executionKind: 'action' | 'llm';
};

const remembered = new WeakMap<Tool, ToolDescription>();
const costs = new Map<string, { served: number; raw: number }>();
const costsAtMost = 20_000;

export function describeTool(tool: Tool): ToolDescription {
  const known = remembered.get(tool);
  if (known) return known;
  const { curation, definition } = tool;
  const responseSchema = responseSchemaOf(tool);
  const { stalePaths, staleInputs } = staleLists(tool);
  const description: ToolDescription = {
    ...countRules(curation.inputs),
    staleFieldPaths: stalePaths,
    staleInputFields: staleInputs,
    mergedInputPreview: mergedInputPreview(definition.inputSchema, curation.inputs),
    responseSchema,
    tokenCost: costOf(tool),
    executionKind: curation.responseMap && responseSchema && stalePaths.length === 0 ? 'action' : 'llm',
  };
  remembered.set(tool, description);
  return description;
}

function costOf(tool: Tool): { served: number; raw: number } {
  const key = `${tool.id}:${tool.updatedAt.getTime()}`;
  const known = costs.get(key);
  if (known) return known;
  const { definition } = tool;
  const served = effectiveTool(
    definition,
    { responseSchema: responseSchemaOf(tool) },
    tool.curation,
    null,
    tool.slug,
  );
  const cost = {
    served: tokenCost(served.tool),
    raw: tokenCost({
      name: tool.slug,
      title: definition.title,
      description: definition.description,
      input_schema: definition.inputSchema,
    }),
  };
  if (costs.size >= costsAtMost) costs.delete(costs.keys().next().value ?? '');
  costs.set(key, cost);
  return cost;
}

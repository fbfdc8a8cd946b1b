import { canonicalJson, type Clock, type Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { CurationPlan } from './plan-curation.ts';
import { droppedSecrets, sealRules, type RuleLayers } from './seal-rules.ts';
import { updateToolRow } from './store.ts';

/** Writes what becomes of one tool; answers what moved, where sealed values are the ids of their secrets. */
export async function writePlan(
  tx: Tx,
  ctx: { vault: Vault; clock: Clock },
  { tool, layers, description }: CurationPlan,
): Promise<Record<string, unknown>> {
  const { organizationId } = tool;
  const seal = async (part: keyof RuleLayers) => {
    const rules = layers[part];
    if (canonicalJson(rules) === canonicalJson(tool.layers[part])) return tool.layers[part];
    return rules && sealRules(tx, ctx.vault, organizationId, tool.definition.inputSchema, rules);
  };
  const sealed = { inputs: await seal('inputs'), defaults: await seal('defaults') };
  await updateToolRow(tx, organizationId, tool.id, {
    inputs: sealed.inputs && JSON.stringify(sealed.inputs),
    default_inputs: sealed.defaults && JSON.stringify(sealed.defaults),
    description,
    updated_at: ctx.clock.now(),
  });
  await ctx.vault.discard(tx, organizationId, droppedSecrets(tool.layers, sealed));
  const { inputs, defaults } = tool.layers;
  return differences(
    { description: tool.curation.description, inputs, default_inputs: defaults },
    { description, inputs: sealed.inputs, default_inputs: sealed.defaults },
  );
}

/** What moved, before and after. */
export function differences(
  was: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const moved = Object.keys(next).filter((key) => canonicalJson(was[key]) !== canonicalJson(next[key]));
  return Object.fromEntries(moved.map((key) => [key, { from: was[key], to: next[key] }]));
}

import { bodyProblem, Fault, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { getOwn, toolsOfConnections, type InputRules, type PackCuration, type Tool } from '../tools/index.ts';
import { alterPack } from './change-pack.ts';
import { sealPackRules } from './lay-overrides.ts';
import type { Pack, PackEntry } from './pack.ts';
import type { PacksCtx } from './resolve-wish.ts';

export type PackDescriptionWish = { connectorSlug: string; toolName: string; description: string | null };
export type PackInputsWish = {
  connectorSlug: string;
  toolName: string;
  /** Rules by field; null clears the pack's rule for that field. */
  rules: InputRules;
  cleared: readonly string[];
  /** Null: clears all of the pack's rules for the tool. */
  clearAll?: boolean;
};

/** Descriptions that hold in this pack alone; null gives way to the connector's again. All or nothing. */
export async function overridePackDescriptions(
  ctx: PacksCtx,
  packId: string,
  wishes: readonly PackDescriptionWish[],
): Promise<Pack> {
  return alterOverrides(ctx, 'pack.tools_described', packId, wishes, async (_tx, wish, _tool, before) => {
    const { description: _old, ...rest } = before;
    return wish.description === null ? rest : { ...rest, description: wish.description };
  });
}

/** Input rules that hold in this pack alone. They may only narrow what the connection says. */
export async function overridePackInputs(
  ctx: PacksCtx,
  packId: string,
  wishes: readonly PackInputsWish[],
): Promise<Pack> {
  return alterOverrides(ctx, 'pack.inputs_ruled', packId, wishes, async (tx, wish, tool, before, at) => {
    const path = [...at, 'inputs'];
    const kept = Object.entries(wish.clearAll ? {} : (before.inputs ?? {})).filter(
      ([field]) => !wish.cleared.includes(field),
    );
    const sealed = await sealPackRules(tx, ctx, tool, wish.rules, path);
    const inputs = Object.fromEntries([...kept, ...Object.entries(sealed)]);
    const { inputs: _old, ...rest } = before;
    return Object.keys(inputs).length > 0 ? { ...rest, inputs } : rest;
  });
}

async function alterOverrides<Wish extends { connectorSlug: string; toolName: string }>(
  ctx: PacksCtx,
  action: string,
  packId: string,
  wishes: readonly Wish[],
  work: (tx: Tx, wish: Wish, tool: Tool, before: PackCuration, at: JsonPath) => Promise<PackCuration>,
): Promise<Pack> {
  return alterPack(ctx, action, packId, async (tx, before) => {
    const entries = new Map(before.entries.map((entry) => [entry.connection.slug, entry]));
    const known = new Map<string, readonly Tool[]>();
    const named = new Set<string>();
    for (const [index, wish] of wishes.entries()) {
      const entry = entries.get(wish.connectorSlug);
      if (!entry) throw unknown('connector_slug', index, 'The pack has no such connector.');
      const tools = known.get(wish.connectorSlug) ?? (await toolsOfEntry(tx, entry));
      known.set(wish.connectorSlug, tools);
      const tool = tools.find((candidate) => candidate.name === wish.toolName);
      if (!tool) throw unknown('tool_name', index, 'The connector has no such tool.');
      if (named.has(tool.id))
        throw invalid(bodyProblem('duplicate', [index], 'The same tool is listed twice.'));
      named.add(tool.id);
      const next = await work(tx, wish, tool, getOwn(entry.overrides, tool.name) ?? {}, [index]);
      const { [tool.name]: _old, ...others } = entry.overrides;
      const overrides = Object.keys(next).length > 0 ? { ...others, [tool.name]: next } : others;
      entries.set(wish.connectorSlug, { ...entry, overrides });
    }
    return { ...before, entries: [...entries.values()] };
  });
}

const toolsOfEntry = (tx: Tx, { connection }: PackEntry): Promise<readonly Tool[]> =>
  toolsOfConnections(tx, connection.organizationId, [connection.id]);

const unknown = (field: string, index: number, message: string): Fault =>
  invalid(bodyProblem(field === 'tool_name' ? 'unknown_tool' : 'unknown_connector', [index, field], message));

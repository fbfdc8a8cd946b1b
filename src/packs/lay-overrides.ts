import type { Connection } from '../connections/index.ts';
import { bodyProblem, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import {
  checkInputRules,
  mergeRules,
  sealRules,
  setOwn,
  toolsOfConnections,
  type InputRules,
  type PackCuration,
  type Tool,
} from '../tools/index.ts';
import type { PackEntry } from './pack.ts';
import type { PacksCtx } from './resolve-wish.ts';

/** A pack's rules for one tool, checked against the service and the connection's rules, and sealed. Fault `invalid`. */
export async function sealPackRules(
  tx: Tx,
  ctx: PacksCtx,
  tool: Tool,
  rules: InputRules,
  path: JsonPath,
): Promise<InputRules> {
  const beneath = tool.curation.inputs;
  const schema = tool.definition.inputSchema;
  const problems = [
    ...checkInputRules(rules, schema, { path, beneath }),
    ...mergeRules(beneath, rules, path).problems,
  ];
  if (problems.length > 0) throw invalid(...problems);
  return sealRules(tx, ctx.vault, tool.organizationId, schema, rules);
}

/** What an entry says about single tools after a request that lists all of it. */
export async function layOverrides(
  tx: Tx,
  ctx: PacksCtx,
  connection: Connection,
  wishes: Readonly<Record<string, PackCuration>>,
  path: JsonPath,
): Promise<PackEntry['overrides']> {
  const { organizationId } = connection;
  const tools = await toolsOfConnections(tx, organizationId, [connection.id]);
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  const after: Record<string, PackCuration> = {};
  for (const [name, wish] of Object.entries(wishes)) {
    const tool = byName.get(name);
    const at = [...path, name];
    if (!tool) throw invalid(bodyProblem('unknown_tool', at, 'The connection has no such tool.'));
    const inputs = wish.inputs && (await sealPackRules(tx, ctx, tool, wish.inputs, [...at, 'inputs']));
    const laid: PackCuration = {
      ...(wish.description === undefined ? {} : { description: wish.description }),
      ...(inputs && Object.keys(inputs).length > 0 ? { inputs } : {}),
    };
    if (Object.keys(laid).length > 0) setOwn(after, name, laid);
  }
  return after;
}

import type { Clock, Tx } from '../kernel/index.ts';
import {
  getOwn,
  holdsPlainSecret,
  sealRules,
  setOwn,
  type InputRules,
  type PackCuration,
  type Tool,
} from '../tools/index.ts';
import type { Vault } from '../vault/index.ts';
import { holdUses, readUses, writeUse } from './carry-store.ts';
import type { PackUse } from './carry-uses.ts';

/** Seals what packs say in plain of fields of a connection's tools that are secret by what is accepted now. */
export async function sealUses(
  tx: Tx,
  { vault, clock }: { vault: Vault; clock: Clock },
  { organizationId, connectionId }: { organizationId: string; connectionId: string },
  tools: readonly Tool[],
): Promise<void> {
  // Most versions call nothing secret that was not: then nobody who edits packs is waited for.
  const known = await readUses(tx, organizationId, connectionId);
  if (!known.some((use) => plainIn(use, tools).length > 0)) return;
  for (const use of await holdUses(tx, organizationId, connectionId)) {
    const sealed: Record<string, PackCuration> = { ...use.overrides };
    const plain = plainIn(use, tools);
    if (plain.length === 0) continue;
    for (const { tool, said, inputs } of plain) {
      const rules = await sealRules(tx, vault, organizationId, tool.definition.inputSchema, inputs);
      setOwn(sealed, tool.name, { ...said, inputs: rules });
    }
    await writeUse(tx, organizationId, connectionId, { ...use, overrides: sealed }, clock.now());
  }
}

/** What a pack says in plain of fields that are secret. */
function plainIn(
  { overrides }: PackUse,
  tools: readonly Tool[],
): readonly { tool: Tool; said: PackCuration; inputs: InputRules }[] {
  return tools.flatMap((tool) => {
    const said = getOwn(overrides, tool.name);
    const isPlain = said?.inputs && holdsPlainSecret(tool.definition.inputSchema, said.inputs);
    return isPlain ? [{ tool, said, inputs: said.inputs! }] : [];
  });
}

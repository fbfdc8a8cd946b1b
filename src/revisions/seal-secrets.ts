import { updateConnectionRow, type Connection } from '../connections/index.ts';
import { canonicalJson, type Clock, type Tx } from '../kernel/index.ts';
import { sealUses } from '../packs/index.ts';
import { keptWords, sealNewSecrets, toolsOfConnections } from '../tools/index.ts';
import type { Vault } from '../vault/index.ts';

/**
 * A version may call secret what none did before: what the connection and packs say of such a field in plain goes to
 * the vault, in the transaction that moves to the version.
 */
export async function sealSecrets(
  tx: Tx,
  ctx: { clock: Clock; vault: Vault },
  connection: Connection,
): Promise<Connection> {
  const { organizationId, id, writtenRules } = connection;
  const tools = await toolsOfConnections(tx, organizationId, [id]);
  await sealNewSecrets(tx, ctx.vault, tools);
  await sealUses(tx, ctx, { organizationId, connectionId: id }, tools);
  const kept = keptWords(tools, writtenRules);
  if (canonicalJson(kept) === canonicalJson(writtenRules)) return connection;
  return updateConnectionRow(tx, organizationId, id, { written_rules: JSON.stringify(kept) });
}

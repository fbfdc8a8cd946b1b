import type { JsonSchema, Tx } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { InputRules } from './curation.ts';
import { isSecretField } from './input-rules.ts';
import { sealRules } from './seal-rules.ts';
import { updateToolRow } from './store.ts';
import type { Tool } from './tool.ts';

/** Whether rules hold in plain what the service calls secret: it did not when they were written. */
export const holdsPlainSecret = (schema: JsonSchema, rules: InputRules | null | undefined): boolean =>
  Object.entries(rules ?? {}).some(
    ([field, rule]) => rule.value !== undefined && isSecretField(schema, field),
  );

/** Seals what was said of fields in plain and is secret by what is accepted now. */
export async function sealNewSecrets(tx: Tx, vault: Vault, tools: readonly Tool[]): Promise<void> {
  for (const { id, organizationId, definition, layers } of tools) {
    const { inputSchema } = definition;
    const seal = async (rules: InputRules | null) =>
      rules && JSON.stringify(await sealRules(tx, vault, organizationId, inputSchema, rules));
    if (![layers.inputs, layers.defaults].some((rules) => holdsPlainSecret(inputSchema, rules))) continue;
    await updateToolRow(tx, organizationId, id, {
      inputs: await seal(layers.inputs),
      default_inputs: await seal(layers.defaults),
    });
  }
}

import type { JsonSchema, Tx } from '../kernel/index.ts';
import { Plaintext, type Vault } from '../vault/index.ts';
import type { InputRule, InputRules } from './curation.ts';
import { isSecretField } from './input-rules.ts';
import { setOwn } from './own-property.ts';

/** Rules as they are stored: values of fields that the service calls secret go to the vault, the rule keeps an id. */
export async function sealRules(
  tx: Tx,
  vault: Vault,
  organizationId: string,
  schema: JsonSchema,
  rules: InputRules,
): Promise<InputRules> {
  const sealed: Record<string, InputRule> = {};
  for (const [field, rule] of Object.entries(rules)) {
    if (rule.value === undefined || !isSecretField(schema, field)) {
      setOwn(sealed, field, rule);
      continue;
    }
    const { value, ...rest } = rule;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    setOwn(sealed, field, { ...rest, secret: await vault.keep(tx, organizationId, new Plaintext(text)) });
  }
  return sealed;
}

export const secretsOf = (rules: InputRules | null | undefined): readonly string[] =>
  Object.values(rules ?? {}).flatMap((rule) => (rule.secret ? [rule.secret] : []));

/** What a tool's input rules are made of. */
export type RuleLayers = { inputs: InputRules | null; defaults: InputRules | null };

const secretsIn = ({ inputs, defaults }: RuleLayers): readonly string[] => [
  ...secretsOf(inputs),
  ...secretsOf(defaults),
];

/** Sealed values that nothing refers to any more. */
export function droppedSecrets(before: RuleLayers, after: RuleLayers): readonly string[] {
  const kept = new Set(secretsIn(after));
  return secretsIn(before).filter((secret) => !kept.has(secret));
}

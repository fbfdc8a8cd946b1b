import { SealedValue } from '../drivers/index.ts';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { openFields } from './apply-rules.ts';
import type { InputRule } from './curation.ts';
import { fieldSchema } from './field-schema.ts';
import { sameJson } from './same-json.ts';
import { compileSchema, type SchemaProblem } from './schema-validator.ts';

/** A value as it is sent: plain, or a reference to a sealed one. */
export type FieldValue = Json | SealedValue;
export type RuledField = { field: string; rule: InputRule; value: FieldValue | undefined };

type Validate = (value: unknown) => readonly SchemaProblem[];

/** The service's own validator, compiled at first use; sealed fields accept anything, their values are elsewhere. */
export function validatorsOf(schema: JsonSchema): (sealed: readonly string[]) => Validate {
  const made = new Map<string, Validate>();
  return (sealed) => {
    const key = sealed.length === 0 ? '' : JSON.stringify(sealed);
    const known = made.get(key);
    if (known) return known;
    const compiled = compileSchema(sealed.length === 0 ? schema : openFields(schema, new Set(sealed)));
    const validate: Validate = compiled.ok
      ? compiled.validate
      : () => [{ path: [], keyword: 'schema', message: `This tool cannot be called. ${compiled.reason}` }];
    made.set(key, validate);
    return validate;
  };
}

/** Splits defaults into those that fit the service's schema and the names of those that do not any more. */
export function usableDefaults(
  schema: JsonSchema,
  defaults: readonly RuledField[],
  declared: ReadonlySet<string>,
): { defaults: readonly RuledField[]; stale: readonly string[] } {
  const stale = defaults.filter(({ field, rule, value }) => {
    if (!declared.has(field)) return true;
    if (value instanceof SealedValue) return false;
    if (rule.enum && !rule.enum.some((one) => sameJson(one, value))) return true;
    const compiled = compileSchema(fieldSchema(schema, field) ?? {});
    return !compiled.ok || compiled.validate(value).length > 0;
  });
  return {
    defaults: defaults.filter((entry) => !stale.includes(entry)),
    stale: stale.map(({ field }) => field),
  };
}

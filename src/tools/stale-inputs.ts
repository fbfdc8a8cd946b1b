import { canonicalJson, isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import type { InputRules } from './curation.ts';
import { declaredFields, fieldSchema } from './field-schema.ts';
import { compileSchema } from './schema-validator.ts';
import { resolveRef } from './schema-walk.ts';

/**
 * The fields whose rules no longer suit the newest definition: removed, of another type than in the accepted
 * one, or with a value the service would refuse now. Computed, never stored: a field that returns is not
 * stale any more.
 */
export function staleInputFields(
  rules: InputRules | null,
  newest: JsonSchema,
  accepted: JsonSchema | null = null,
): readonly string[] {
  const declared = declaredFields(newest);
  return Object.entries(rules ?? {})
    .filter(([field, rule]) => {
      if (!declared.has(field)) return true;
      const values = [...(rule.value === undefined ? [] : [rule.value]), ...(rule.enum ?? [])];
      if (values.length > 0) {
        const compiled = compileSchema(fieldSchema(newest, field) ?? {});
        return !compiled.ok || values.some((value) => compiled.validate(value).length > 0);
      }
      return accepted !== null && accepted !== newest && retyped(accepted, newest, field);
    })
    .map(([field]) => field);
}

function retyped(accepted: JsonSchema, newest: JsonSchema, field: string): boolean {
  const before = typesOf(accepted, field);
  const now = typesOf(newest, field);
  return before !== null && now !== null && before !== now;
}

/** The types a field may have, as one text; null where the schema leaves that open. */
function typesOf(schema: JsonSchema, field: string): string | null {
  const own = fieldSchema(schema, field);
  const types = own && typesIn(own, own, 0);
  return types && canonicalJson([...types].sort());
}

function typesIn(root: JsonSchema, schema: Json | undefined, depth: number): Set<string> | null {
  if (!isObject(schema) || depth > 24) return null;
  if (schema.type !== undefined) return new Set([schema.type].flat().map(String));
  if (typeof schema.$ref === 'string') return typesIn(root, resolveRef(root, schema.$ref), depth + 1);
  if (Array.isArray(schema.allOf)) {
    for (const part of schema.allOf as Json[]) {
      const types = typesIn(root, part, depth + 1);
      if (types) return types;
    }
  }
  for (const keyword of ['anyOf', 'oneOf']) {
    if (!Array.isArray(schema[keyword])) continue;
    const forms = (schema[keyword] as Json[]).map((form) => typesIn(root, form, depth + 1));
    return forms.includes(null) ? null : new Set(forms.flatMap((types) => [...types!]));
  }
  return null;
}

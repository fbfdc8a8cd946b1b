import type { JsonSchema } from '../kernel/index.ts';
import { declaredFields } from './field-schema.ts';
import { isSecretField } from './input-rules.ts';

/** Which of these fields the service calls secret. The schema is looked through once, when it is first asked. */
export function compileSecretFields(schema: JsonSchema): (fields: readonly string[]) => readonly string[] {
  let secret: ReadonlySet<string> | null = null;
  return (fields) => {
    secret ??= new Set([...declaredFields(schema)].filter((field) => isSecretField(schema, field)));
    return secret.size === 0 ? [] : fields.filter((field) => secret!.has(field));
  };
}

import type { z } from '@hono/zod-openapi';
import { isReference, isSecret } from './fields.ts';

type Definition = {
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  shape?: Readonly<Record<string, z.core.$ZodType>>;
  element?: z.core.$ZodType;
  valueType?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
};

const definitionOf = (schema: z.core.$ZodType): Definition => schema._zod.def as Definition;

/** Own members only: a path never walks into a prototype. */
export function ownProperty(value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<string | number, unknown>)[key];
}

/** Optional, nullable, defaulted and transformed schemas down to the one that reads the input. */
function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  const { innerType, in: input } = definitionOf(schema);
  const inner = innerType ?? input;
  return inner && !isSecret(schema) ? innermost(inner) : schema;
}

/** The schema of what is at `path`; null where the schema does not say (alternatives, free-form values). */
export function schemaAt(root: z.core.$ZodType, path: readonly (string | number)[]): z.core.$ZodType | null {
  let schema: z.core.$ZodType | null = innermost(root);
  for (const part of path) {
    if (!schema || isSecret(schema)) return schema;
    const { shape, element, valueType }: Definition = definitionOf(schema);
    const next: z.core.$ZodType | undefined =
      shape && Object.hasOwn(shape, part) ? shape[part] : (element ?? valueType);
    schema = next ? innermost(next) : null;
  }
  return schema;
}

const verdicts = new WeakMap<z.core.$ZodType, boolean>();

/** True when a secret field is anywhere in what this schema describes. */
export function holdsSecret(schema: z.core.$ZodType): boolean {
  const known = verdicts.get(schema);
  if (known !== undefined) return known;
  verdicts.set(schema, false); // ends recursion in a schema that contains itself
  const { innerType, in: input, shape, element, valueType, options } = definitionOf(schema);
  const parts = [innerType, input, element, valueType, ...(options ?? []), ...Object.values(shape ?? {})];
  const verdict = isSecret(schema) || parts.some((part) => part !== undefined && holdsSecret(part));
  verdicts.set(schema, verdict);
  return verdict;
}

/** Whether something is given at a place that names a secret, or in place of what holds one. */
function givesReference(schema: z.core.$ZodType, value: unknown): boolean {
  const within = innermost(schema);
  if (value === undefined || value === null) return false;
  if (isReference(within)) return true;
  const { shape, valueType } = definitionOf(within);
  const partOf = (key: string) => (shape && Object.hasOwn(shape, key) ? shape[key] : valueType);
  if (typeof value !== 'object' || Array.isArray(value)) {
    return [valueType, ...Object.values(shape ?? {})].some((part) => part && isReference(innermost(part)));
  }
  return Object.entries(value).some(([key, member]) => {
    const part = partOf(key);
    return part !== undefined && givesReference(part, member);
  });
}

/**
 * Whether an error may repeat the value that was sent at `path`: not when it is, holds or might hold a secret, nor
 * when it says what a secret is taken from.
 */
export function mayShow(root: z.core.$ZodType, path: readonly (string | number)[], value: unknown): boolean {
  const schema = schemaAt(root, path);
  return schema ? !holdsSecret(schema) && !givesReference(schema, value) : !holdsSecret(root);
}

/**
 * Places of a member called `__proto__` in what the schema describes field by field: zod passes over it in
 * silence, and an unknown field is refused, never ignored.
 */
export function prototypeKeys(
  root: z.core.$ZodType,
  value: unknown,
  path: readonly (string | number)[] = [],
): (readonly (string | number)[])[] {
  const { shape, element, valueType, options } = definitionOf(innermost(root));
  if (options) {
    // Alternatives are told apart by a field, so each place is looked at under all and named once.
    const places = options.flatMap((option) => prototypeKeys(option, value, path));
    return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()];
  }
  if (Array.isArray(value)) {
    return element ? value.flatMap((item, index) => prototypeKeys(element, item, [...path, index])) : [];
  }
  if (typeof value !== 'object' || value === null || !(shape ?? valueType)) return [];
  const here = Object.hasOwn(value, '__proto__') ? [[...path, '__proto__']] : [];
  const deeper = Object.entries(value).flatMap(([key, member]) => {
    const schema = shape && Object.hasOwn(shape, key) ? shape[key] : valueType;
    return schema && key !== '__proto__' ? prototypeKeys(schema, member, [...path, key]) : [];
  });
  return [...here, ...deeper];
}

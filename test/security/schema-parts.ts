import type { Json } from '../world.ts';
import { sampleOf } from './sweep.ts';

// What a schema says, taken apart

export type Path = readonly (string | number)[];

/** Every place a body’s schema declares, with what it declares there. Alternatives are each gone into. */
export function leavesOf(schema: Json, path: Path = [], depth = 0): [Path, Json][] {
  if (typeof schema !== 'object' || schema === null || depth > 6) return [];
  const here: [Path, Json][] = [];
  for (const choice of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])])
    here.push(...leavesOf(choice, path, depth + 1));
  for (const [name, inner] of Object.entries<Json>(schema.properties ?? {})) {
    here.push([[...path, name], inner], ...leavesOf(inner, [...path, name], depth + 1));
  }
  if (schema.items)
    here.push([[...path, 0], schema.items], ...leavesOf(schema.items, [...path, 0], depth + 1));
  return here;
}

/** JSON types a place takes; none where it takes anything. */
export function typesOf(schema: Json): string[] {
  const choices = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])];
  if (choices.length > 0) return choices.flatMap(typesOf);
  if (schema.type === undefined) return schema.enum ? [...new Set<string>(schema.enum.map(typeOf))] : [];
  return [schema.type].flat().map((type: string) => (type === 'integer' ? 'number' : type));
}

export const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

export const isClosed = (schema: Json): boolean => schema.additionalProperties === false;

/** A body as text, but for what stands at `path`: there `raw`, whatever it is. */
export function replacedIn(body: Json, schema: Json, path: Path, raw: string): string {
  const mark = '@';
  const base = path.length === 0 ? mark : placed(body, schema, path, mark);
  return JSON.stringify(base).replace(`"${mark}"`, () => raw);
}

function placed(value: Json, schema: Json, path: Path, mark: string): Json {
  const [part, ...rest] = path;
  if (part === undefined) return mark;
  const choice = [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])].find((each) => declares(each, path));
  if (choice) return placed(fits(value, choice) ? value : sampleOf(choice), choice, path, mark);
  if (typeof part === 'number')
    return [placed(value?.[0] ?? sampleOf(schema.items), schema.items, rest, mark)];
  const base = typeof value === 'object' && value !== null ? value : sampleOf(schema);
  const inner = schema.properties[part];
  return { ...base, [part]: placed(base[part] ?? sampleOf(inner), inner, rest, mark) };
}

/** Whether the whole path leads somewhere: an alternative may share its first steps with another. */
function declares(schema: Json, [part, ...rest]: Path): boolean {
  if (part === undefined) return true;
  const choices: Json[] = [...(schema?.oneOf ?? []), ...(schema?.anyOf ?? [])];
  if (choices.length > 0) return choices.some((each) => declares(each, [part, ...rest]));
  if (typeof part === 'number') return Boolean(schema?.items) && declares(schema.items, rest);
  return Object.hasOwn(schema?.properties ?? {}, part) && declares(schema.properties[part], rest);
}

/** Whether a value is of one alternative: by the member that tells them apart. */
const fits = (value: Json, schema: Json): boolean =>
  Object.entries<Json>(schema.properties ?? {}).every(
    ([name, inner]) => inner.enum?.length !== 1 || value?.[name] === inner.enum[0],
  );

import { bodyProblem, isObject, type JsonPath, type Problem } from '../kernel/index.ts';
import type { FieldMapping, ResponseMap } from './curation.ts';
import { getOwn } from './own-property.ts';
import { parseResponsePath, stepsKey, type Step } from './response-path.ts';

const maxMappings = 500;

/** A mapping read: where the value is, where it goes, and whether it stays in place. */
export type Mapping = { from: readonly Step[]; to: readonly Step[]; inPlace: boolean };
type Placed = Mapping & { at: JsonPath };

/** Reads a response map as it comes in a request; every problem is listed, and `map` is null if there is any. */
export function parseResponseMap(
  value: unknown,
  path: JsonPath,
): { map: ResponseMap | null; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const fail: Fail = (type, at, message) => {
    problems.push(bodyProblem(type, at, message));
    return null;
  };
  if (!isObject(value)) {
    return { map: null, problems: [bodyProblem('dict_type', path, 'Input should be a valid dictionary')] };
  }
  refuseOthers(value, ['field_mappings'], path, fail);
  const list = getOwn(value, 'field_mappings');
  const at = [...path, 'field_mappings'];
  if (list === undefined) fail('missing', at, 'Field required');
  else if (!Array.isArray(list)) fail('list_type', at, 'Input should be a valid list');
  else if (list.length === 0) fail('too_short', at, 'A response map has at least one field.');
  else if (list.length > maxMappings)
    fail('too_long', at, `A response map has at most ${maxMappings} fields.`);
  else {
    const placed = list.flatMap((item: unknown, index) => readMapping(item, [...at, index], fail) ?? []);
    checkTargets(placed, fail);
    if (problems.length === 0) return { map: { field_mappings: placed.map(written) }, problems };
  }
  return { map: null, problems };
}

type Fail = (type: string, at: JsonPath, message: string) => null;
type Read = Placed & { mapping: FieldMapping };

const written = (read: Read): FieldMapping => read.mapping;

function refuseOthers(value: object, known: readonly string[], path: JsonPath, fail: Fail): void {
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) fail('extra_forbidden', [...path, key], 'Extra inputs are not permitted');
  }
}

function readMapping(item: unknown, at: JsonPath, fail: Fail): Read | null {
  if (!isObject(item)) return fail('dict_type', at, 'Input should be a valid dictionary');
  refuseOthers(item, ['path', 'alias'], at, fail);
  const path = getOwn(item, 'path');
  const alias = getOwn(item, 'alias') ?? undefined;
  const from = readPath(path, [...at, 'path'], fail);
  if (alias === undefined) {
    return from && { from, to: from, inPlace: true, at: [...at, 'path'], mapping: { path: path as string } };
  }
  const to = readPath(alias, [...at, 'alias'], fail);
  if (!from || !to) return null;
  if (to.some((step) => typeof step === 'number')) {
    return fail('value_error', [...at, 'alias'], 'An alias has names and [], no index.');
  }
  if (eachCount(to) > eachCount(from)) {
    return fail('value_error', [...at, 'alias'], 'An alias has at most as many [] as its path.');
  }
  const mapping = { path: path as string, alias: alias as string };
  return { from, to, inPlace: false, at: [...at, 'alias'], mapping };
}

function readPath(text: unknown, at: JsonPath, fail: Fail): readonly Step[] | null {
  if (text === undefined) return fail('missing', at, 'Field required');
  if (typeof text !== 'string') return fail('string_type', at, 'Input should be a valid string');
  const parsed = parseResponsePath(text);
  if (!parsed.ok) return fail('value_error', at, parsed.reason);
  return parsed.steps;
}

export const eachCount = (steps: readonly Step[]): number => steps.filter((step) => step === null).length;

/** The source array an alias's n-th `[]` stands for (counted from 0): the last one takes all that are left. */
function sourceOf({ from, to }: Mapping, n: number): string {
  const last = n === eachCount(to) - 1;
  let seen = -1;
  const end = from.findIndex((step) => step === null && ++seen === n);
  return stepsKey(from.slice(0, last ? from.lastIndexOf(null) : end));
}

type Place = { leaf: boolean; next: Map<string, Place>; sources: Set<string> };
const newPlace = (): Place => ({ leaf: false, next: new Map(), sources: new Set() });

/**
 * Two mappings must not write the same place, one within the other's value, or one array from two. Paths that
 * stay in place may overlap each other: together they take what either takes.
 */
function checkTargets(all: readonly Placed[], fail: Fail): void {
  const root = newPlace();
  for (const mapping of all.toSorted((left, right) => Number(right.inPlace) - Number(left.inPlace))) {
    const clash = place(root, mapping);
    if (clash) fail('value_error', mapping.at, clash);
  }
}

function place(root: Place, mapping: Placed): string | null {
  const overlap = 'The place of this field overlaps with that of another.';
  let here = root;
  let each = 0;
  for (const step of mapping.to) {
    if (here.leaf && !mapping.inPlace) return overlap;
    const key = typeof step === 'string' ? `.${step}` : step === null ? '[]' : `[${step}]`;
    const otherKind = [...here.next.keys()].some(
      (known) => (known[0] === '.') !== (key[0] === '.') || (known !== key && known[0] === '['),
    );
    if (otherKind && !mapping.inPlace) return overlap;
    let next = here.next.get(key);
    if (!next) here.next.set(key, (next = newPlace()));
    if (step === null) {
      const source = mapping.inPlace
        ? stepsKey(mapping.to.slice(0, indexOfEach(mapping.to, each)))
        : sourceOf(mapping, each);
      each++;
      next.sources.add(source);
      if (!mapping.inPlace && next.sources.size > 1)
        return 'One array cannot be made of the elements of two.';
    }
    here = next;
  }
  const taken = here.leaf || (here.next.size > 0 && !mapping.inPlace);
  if (taken && mapping.inPlace && here.leaf) return 'This path is there twice.';
  if (taken) return overlap;
  here.leaf = true;
  return null;
}

function indexOfEach(steps: readonly Step[], n: number): number {
  let seen = -1;
  return steps.findIndex((step) => step === null && ++seen === n);
}

/** The mappings of a map that was read before. Throws nothing: a mapping that cannot be read is left out. */
export function readMap(map: ResponseMap): readonly Mapping[] {
  return map.field_mappings.flatMap(({ path, alias }) => {
    const from = parseResponsePath(path);
    const to = alias === undefined || alias === null ? from : parseResponsePath(alias);
    return from.ok && to.ok ? [{ from: from.steps, to: to.steps, inPlace: to === from }] : [];
  });
}

import { canonicalJson, isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { annotations, areApart, asUnion, isOnlyUnion, schemaForm } from './schema-form.ts';
import {
  compareBounds,
  compareRequired,
  compareSets,
  compareTypes,
  compareWhole,
  exact,
  exactMaps,
  highest,
  lowest,
  references,
  same,
  texts,
  whole,
  type Shift,
} from './schema-shifts.ts';
import { exactly, pairsBelow, wasSeen, type SchemaShift, type Walk } from './schema-pairs.ts';

type Form = Readonly<Record<string, Json>>;

/** Pairs of schemas that are looked at before a difference is only said to be there. */
const patience = 10_000;
/** Branches of a union that are each tried with each; of more, only with their likes. */
const fewBranches = 20;
class TooMuch extends Error {}

/**
 * How a schema differs from an older one, part by part, with JSON pointers that follow references: names of
 * `$defs`, unused ones, the order of keys and of sets, and equal ways to say the same make no difference.
 */
export function compareSchemas(before: JsonSchema, after: JsonSchema, path: string): readonly SchemaShift[] {
  const found: SchemaShift[] = [];
  try {
    const steps = { left: patience };
    const seen = pairsBelow(null);
    compare({ roots: [before, after], seen, found, steps, isExact: false }, before, after, path);
    return found;
  } catch (error) {
    if (!(error instanceof TooMuch) && !(error instanceof RangeError)) throw error;
    return [{ path, shift: 'moved', before, after }];
  }
}

function compare(walk: Walk, before: Json | undefined, after: Json | undefined, path: string): void {
  if (wasSeen(walk.seen, before, after)) return;
  if (walk.steps.left-- <= 0) throw new TooMuch();
  let left = schemaForm(walk.roots[0], before);
  let right = schemaForm(walk.roots[1], after);
  const say = (at: string, shift: Shift, was: Json | undefined, is: Json | undefined): void =>
    void walk.found.push({ path: at, shift, before: was, after: is });
  if (left === false || right === false) {
    if (left !== right) say(path, left === false ? 'looser' : 'tighter', before ?? true, after ?? true);
    return;
  }
  if (isOnlyUnion(left) !== isOnlyUnion(right) && !(left['anyOf'] && right['anyOf'])) {
    if (isOnlyUnion(left)) right = asUnion(right);
    else left = asUnion(left);
  }
  const typeShift = compareTypes(left['type'], right['type']);
  if (typeShift) say(`${path}/type`, typeShift, shownType(left['type']), shownType(right['type']));
  for (const keyword of new Set([...Object.keys(left), ...Object.keys(right)])) {
    if (keyword === 'type' || (typeShift === 'moved' && !annotations.has(keyword))) continue;
    compareKeyword(walk, keyword, left, right, path);
  }
}

function compareKeyword(walk: Walk, keyword: string, left: Form, right: Form, path: string): void {
  const [was, is] = [left[keyword], right[keyword]];
  const at = `${path}/${escape(keyword)}`;
  const say = (shift: Shift | null): void => {
    if (shift) walk.found.push({ path: at, shift, before: was, after: is });
  };
  if (texts.has(keyword)) return say(same(was, is) ? null : 'text');
  if (keyword === 'default') return say(same(was, is) ? null : was === undefined ? 'gained' : 'moved');
  if (keyword === 'enum') return say(compareSets(was, is));
  if (keyword === 'required') return say(compareRequired(was, is));
  if (lowest.has(keyword)) return say(compareBounds(was, is, 1));
  if (highest.has(keyword)) return say(compareBounds(was, is, -1));
  if (whole.has(keyword)) return say(compareWhole(was, is));
  if (keyword === 'properties') return compareProperties(walk, was, is, at);
  if (keyword === 'additionalProperties' || keyword === 'items') {
    return compareRest(walk, was, is, at, keyword === 'items' ? 'looser' : 'gained');
  }
  if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf') {
    return compareBranches(walk, keyword, was, is, at);
  }
  // What could not be followed is the same only where everything is.
  if (references.has(keyword)) return say(same(was, is) && same(...walk.roots) ? null : 'moved');
  if (exact.has(keyword)) return compareExactly(walk, was, is, at);
  if (exactMaps.has(keyword) && isObject(was) && isObject(is)) {
    for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
      compareExactly(walk, own(was, name), own(is, name), `${at}/${escape(name)}`);
    }
    return;
  }
  if (keyword === 'prefixItems' && Array.isArray(was) && Array.isArray(is) && was.length === is.length) {
    return was.forEach((item: Json, index) => compare(walk, item, is[index] as Json, `${at}/${index}`));
  }
  say(same(was, is) ? null : 'moved');
}

const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
const own = (map: Form, name: string): Json | undefined => (Object.hasOwn(map, name) ? map[name] : undefined);
const shownType = (types: Json | undefined): Json | undefined =>
  Array.isArray(types) && types.length === 1 ? (types[0] as Json) : types;
function compareProperties(walk: Walk, was: Json | undefined, is: Json | undefined, path: string): void {
  const [before, after] = [isObject(was) ? was : {}, isObject(is) ? is : {}];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const at = `${path}/${escape(name)}`;
    const [left, right] = [own(before, name), own(after, name)];
    if (left === undefined) walk.found.push({ path: at, shift: 'gained', before: left, after: right });
    else if (right === undefined) walk.found.push({ path: at, shift: 'lost', before: left, after: right });
    else compare(walk, left, right, at);
  }
}

/** What is left of an object or a list: absent, `true` and `{}` are open. */
function compareRest(
  walk: Walk,
  was: Json | undefined,
  is: Json | undefined,
  path: string,
  opened: Shift,
): void {
  const isOpen = (rest: Json | undefined): boolean =>
    rest === undefined || rest === true || (isObject(rest) && Object.keys(rest).length === 0);
  if (isOpen(was) && isOpen(is)) return;
  if (isObject(was) && isObject(is) && !isOpen(was) && !isOpen(is)) return compare(walk, was, is, path);
  if (was === is) return;
  const hasOpened = was === false || isOpen(is);
  walk.found.push({ path, shift: hasOpened ? opened : 'tighter', before: was, after: is });
}

/** Where nobody can say which way it moved: anything but words has moved. */
function compareExactly(walk: Walk, was: Json | undefined, is: Json | undefined, path: string): void {
  if (was === undefined || is === undefined) {
    return void walk.found.push({ path, shift: 'moved', before: was, after: is });
  }
  exactly(walk, (inner) => compare(inner, was, is, path));
}

/** Branches are a set: each is matched with one that says the same, words aside; the rest in their order. */
function compareBranches(
  walk: Walk,
  keyword: 'anyOf' | 'oneOf' | 'allOf',
  was: Json | undefined,
  is: Json | undefined,
  path: string,
): void {
  const before = Array.isArray(was) ? (was as Json[]) : [];
  const after = Array.isArray(is) ? (is as Json[]) : [];
  walk.steps.left -= (before.length + after.length) / 10;
  // A branch of `oneOf` that takes more, or one more of them, takes away what two branches allow.
  if (keyword === 'oneOf' && !walk.isExact) {
    const apart = areApart(walk.roots[0], before) && areApart(walk.roots[1], after);
    if (!apart) return exactly(walk, (inner) => compareBranches(inner, keyword, was, is, path));
  }
  const say = (shift: Shift): void => void walk.found.push({ path, shift, before: was, after: is });
  if (before.length === 0 || after.length === 0) return say(after.length === 0 ? 'looser' : 'tighter');
  const left = new Set(after.keys());
  const isSmall = Math.max(before.length, after.length) <= fewBranches;
  const said = isSmall ? [] : after.map((branch) => canonicalJson(branch));
  const alike = (branch: Json): readonly number[] => {
    const at = isSmall ? -1 : said.indexOf(canonicalJson(branch));
    return at < 0 ? [] : [at];
  };
  const unmatched = before.flatMap((branch, index) => {
    const match = [index, ...alike(branch), ...(isSmall ? left : [])].find(
      (at) => left.has(at) && saysTheSame(walk, branch, after[at]!),
    );
    if (match === undefined) return [branch];
    left.delete(match);
    compare(walk, branch, after[match], `${path}/${match}`);
    return [];
  });
  if (unmatched.length === left.size) {
    [...left].forEach((at, index) => compare(walk, unmatched[index], after[at], `${path}/${at}`));
    return;
  }
  if (unmatched.length > 0 && left.size > 0) return say('moved');
  const grew = left.size > 0;
  if (keyword === 'allOf') return say(grew ? 'tighter' : 'looser');
  say(grew ? 'looser' : 'tighter');
}

function saysTheSame(walk: Walk, before: Json, after: Json): boolean {
  const trial: Walk = { ...walk, seen: pairsBelow(walk.seen), found: [] };
  compare(trial, before, after, '');
  return trial.found.every(({ shift }) => shift === 'text');
}

import type { Json } from '../kernel/index.ts';
import type { ResponseMap } from './curation.ts';
import { eachCount, readMap, type Mapping } from './response-map.ts';
import type { Step } from './response-path.ts';

/** Cuts a reply down to what a response map lets through. Shares untouched parts with the reply. */
export type Project = (value: Json) => Json;

type Made = Record<string, unknown> | unknown[];
type Node = { take: boolean; keys: Map<string, Node>; at: Map<number, Node>; each: Node | null };
const nothing = Symbol('nothing');

/** Compiles a map once; the function is then pure and never throws. */
export function compileMap(map: ResponseMap): Project {
  const mappings = readMap(map);
  const inPlace = treeOf(mappings.filter((mapping) => mapping.inPlace));
  const moved = mappings.filter((mapping) => !mapping.inPlace);
  const rootIsList = moved[0]?.to[0] === null;
  return (value) => {
    let result: unknown = inPlace ? cut(value, inPlace) : nothing;
    if (result === nothing) result = rootIsList ? [] : {};
    for (const mapping of moved) move(value, mapping, result as Made);
    return result as Json;
  };
}

const newNode = (): Node => ({ take: false, keys: new Map(), at: new Map(), each: null });

function treeOf(mappings: readonly Mapping[]): Node | null {
  if (mappings.length === 0) return null;
  const root = newNode();
  for (const { from } of mappings) {
    let node = root;
    for (const step of from) node = child(node, step);
    node.take = true;
  }
  return root;
}

function child(node: Node, step: Step): Node {
  if (step === null) return (node.each ??= newNode());
  const known = typeof step === 'string' ? node.keys.get(step) : node.at.get(step);
  if (known) return known;
  const made = newNode();
  if (typeof step === 'string') node.keys.set(step, made);
  else node.at.set(step, made);
  return made;
}

/** Both at once: for an element that `[]` and `[n]` both lead to. */
function union(left: Node, right: Node): Node {
  const made: Node = {
    take: left.take || right.take,
    keys: new Map(left.keys),
    at: new Map(left.at),
    each: left.each,
  };
  for (const [key, node] of right.keys)
    made.keys.set(key, made.keys.has(key) ? union(made.keys.get(key)!, node) : node);
  for (const [key, node] of right.at)
    made.at.set(key, made.at.has(key) ? union(made.at.get(key)!, node) : node);
  if (right.each) made.each = made.each ? union(made.each, right.each) : right.each;
  return made;
}

function cut(value: Json, node: Node): unknown {
  if (node.take) return value;
  if (typeof value !== 'object' || value === null) return nothing;
  if (Array.isArray(value)) return cutArray(value, node);
  if (node.keys.size === 0) return nothing;
  const kept: Record<string, unknown> = {};
  for (const [key, inner] of node.keys) {
    if (!Object.hasOwn(value, key)) continue;
    const part = cut((value as Record<string, Json>)[key]!, inner);
    if (part !== nothing) kept[key] = part;
  }
  return kept;
}

function cutArray(value: readonly Json[], node: Node): unknown {
  const { each, at } = node;
  if (each) {
    // An element with nothing to show stays as an empty one, so that the others keep their places.
    const empty = (): unknown => (each.keys.size === 0 && (each.each || each.at.size > 0) ? [] : {});
    return value.map((item, index) => {
      const here = at.size > 0 && at.has(index) ? union(each, at.get(index)!) : each;
      const part = cut(item, here);
      return part === nothing ? empty() : part;
    });
  }
  if (at.size === 0) return nothing;
  const kept: unknown[] = [];
  for (const index of [...at.keys()].sort((left, right) => left - right)) {
    if (index >= value.length) break;
    const part = cut(value[index]!, at.get(index)!);
    if (part === nothing) continue;
    while (kept.length < index) kept.push(null);
    kept.push(part);
  }
  return kept;
}

/** The value some steps further in, none of them `[]`. */
function walk(value: Json, steps: readonly Step[], from: number, to: number): Json | typeof nothing {
  let here: Json = value;
  for (let index = from; index < to; index++) {
    const step = steps[index]!;
    if (typeof here !== 'object' || here === null) return nothing;
    if (typeof step === 'number') {
      if (!Array.isArray(here) || step >= here.length) return nothing;
      here = (here as readonly Json[])[step]!;
    } else {
      if (Array.isArray(here) || !Object.hasOwn(here, step)) return nothing;
      here = (here as Record<string, Json>)[step]!;
    }
  }
  return here;
}

function move(value: Json, { from, to }: Mapping, result: Made): void {
  place(value, from, 0, result, to, 0, eachCount(to));
}

/** Every element the remaining `[]` lead to, and the step after the last of them. */
function flatten(
  list: readonly Json[],
  from: readonly Step[],
  start: number,
): { items: readonly Json[]; next: number } {
  const end = from.indexOf(null, start);
  if (end === -1) return { items: list, next: start };
  const inner = list.flatMap((item) => {
    const found = walk(item, from, start, end);
    return Array.isArray(found) ? (found as readonly Json[]) : [];
  });
  return flatten(inner, from, end + 1);
}

function place(
  value: Json,
  from: readonly Step[],
  start: number,
  into: Made,
  to: readonly Step[],
  at: number,
  lists: number,
): void {
  const each = from.indexOf(null, start);
  const found = walk(value, from, start, each === -1 ? from.length : each);
  if (found === nothing) return;
  if (each === -1) return write(into, to, at, found);
  if (!Array.isArray(found)) return;
  const list = found as readonly Json[];
  const { items, next } = lists > 1 ? { items: list, next: each + 1 } : flatten(list, from, each + 1);
  if (lists === 0) return write(into, to, at, leaves(items, from, next));
  const slot = to.indexOf(null, at);
  const rows = listAt(into, to, at, slot);
  if (!rows) return;
  if (slot === to.length - 1) {
    for (const leaf of leaves(items, from, next)) rows.push(leaf);
    return;
  }
  items.forEach((item, index) => {
    const row = (rows[index] ??= to[slot + 1] === null ? [] : {});
    if (typeof row === 'object' && row !== null)
      place(item, from, next, row as Made, to, slot + 1, lists - 1);
  });
}

function leaves(items: readonly Json[], from: readonly Step[], start: number): Json[] {
  if (start === from.length) return [...items];
  const found: Json[] = [];
  for (const item of items) {
    const leaf = walk(item, from, start, from.length);
    if (leaf !== nothing) found.push(leaf);
  }
  return found;
}

/** The array at `to[slot]`, made with the objects that lead to it. */
function listAt(into: Made, to: readonly Step[], at: number, slot: number): unknown[] | null {
  if (slot === at) return Array.isArray(into) ? into : null;
  const holder = objectAt(into, to, at, slot - 1);
  if (!holder) return null;
  const key = to[slot - 1] as string;
  if (!Object.hasOwn(holder, key)) holder[key] = [];
  return Array.isArray(holder[key]) ? holder[key] : null;
}

function objectAt(into: Made, to: readonly Step[], at: number, end: number): Record<string, unknown> | null {
  let here: unknown = into;
  for (let index = at; index <= end; index++) {
    if (typeof here !== 'object' || here === null || Array.isArray(here)) return null;
    if (index === end) return here as Record<string, unknown>;
    const holder = here as Record<string, unknown>;
    const key = to[index] as string;
    if (!Object.hasOwn(holder, key)) holder[key] = {};
    here = holder[key];
  }
  return null;
}

function write(into: Made, to: readonly Step[], at: number, value: unknown): void {
  const holder = objectAt(into, to, at, to.length - 1);
  if (holder) holder[to.at(-1) as string] = value;
}

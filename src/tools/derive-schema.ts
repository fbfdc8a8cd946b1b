import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { dropUnusedDefs } from './apply-rules.ts';
import type { ResponseMap } from './curation.ts';
import { setOwn } from './own-property.ts';
import { readMap, eachCount, type Mapping } from './response-map.ts';
import { stepsKey, type Step } from './response-path.ts';
import { stepInto, surely, surelyHas } from './schema-step.ts';
import { visitSchemas } from './schema-walk.ts';

/** The shape of a projected reply while it is put together. */
type Shape =
  | { kind: 'leaf'; schema: Json }
  | { kind: 'object'; members: Map<string, Shape>; required: Set<string> }
  | { kind: 'list'; items: Shape }
  | { kind: 'none' };

/**
 * The schema of what a response map yields from replies of `responseSchema`; null where that is not known.
 * Everything it says is true of every such reply; where the reply's schema leaves room, so does this one.
 */
export function deriveSchema(responseSchema: JsonSchema | null, map: ResponseMap): JsonSchema | null {
  if (!responseSchema) return null;
  const holder: Shape = { kind: 'object', members: new Map(), required: new Set() };
  const mappings = withoutCovered(readMap(map));
  // Parts cut out of such a schema would refer to what is no longer there.
  if (refersElsewhere(responseSchema) || mixesKinds(mappings)) return {};
  for (const mapping of mappings) grow(responseSchema, mapping, holder);
  const root = holder.members.get('') ?? { kind: 'none' };
  const named = mappings.every(({ to }) => typeof to[0] === 'string');
  const listed =
    mappings.every(({ to }) => to[0] === null) && surely(responseSchema, responseSchema, 'array');
  const derived = named || listed ? written(root) : {};
  const whole: Record<string, Json> = isObject(derived) ? { ...derived } : {};
  for (const keyword of ['$defs', 'definitions']) {
    if (responseSchema[keyword] !== undefined) whole[keyword] = responseSchema[keyword];
  }
  return dropUnusedDefs(whole);
}

type At = { schema: Json; sure: boolean };

function grow(root: JsonSchema, { from, to }: Mapping, holder: Shape): void {
  const index = to.findIndex((step) => typeof step === 'number');
  // A path that goes by index keeps an array with gaps, of which no more is said than that it is one.
  if (index >= 0) {
    const start = { schema: root, sure: true };
    const short = to.slice(0, index);
    return put(root, start, short, holder, ['', ...short], eachCount(short), { type: 'array' });
  }
  put(root, { schema: root, sure: true }, from, holder, ['', ...to], eachCount(to));
}

/** Follows steps without `[]`; `sure` stays true while every reply has what they lead to. */
function follow(root: JsonSchema, start: At, steps: readonly Step[]): At {
  let { schema, sure } = start;
  for (const step of steps) {
    sure &&= typeof step === 'string' && surely(root, schema, 'object') && surelyHas(root, schema, step);
    schema = stepInto(root, schema, step, false);
  }
  return { schema, sure };
}

function put(
  root: JsonSchema,
  at: At,
  from: readonly Step[],
  into: Shape,
  to: readonly Step[],
  lists: number,
  instead?: JsonSchema,
): void {
  const each = from.indexOf(null);
  const found = follow(root, at, each === -1 ? from : from.slice(0, each));
  if (each === -1) return leaf(into, to, instead ?? asObject(found.schema), found.sure && !instead);
  const sure = found.sure && surely(root, found.schema, 'array');
  let element: At = { schema: stepInto(root, found.schema, null, false), sure: true };
  let rest = from.slice(each + 1);
  while (lists <= 1 && rest.includes(null)) {
    const next = rest.indexOf(null);
    const inner = follow(root, element, rest.slice(0, next));
    element = { schema: stepInto(root, inner.schema, null, false), sure: true };
    rest = rest.slice(next + 1);
  }
  if (lists === 0) {
    const items = asObject(follow(root, element, rest).schema);
    return leaf(into, to, { type: 'array', items }, sure);
  }
  const slot = to.indexOf(null);
  const list = open(into, to.slice(0, slot), sure, () => ({ kind: 'list', items: { kind: 'none' } }));
  if (list?.kind !== 'list') return;
  if (slot === to.length - 1) {
    if (list.items.kind !== 'leaf')
      list.items = { kind: 'leaf', schema: instead ?? asObject(follow(root, element, rest).schema) };
    return;
  }
  const row: Shape & { kind: 'object' } = { kind: 'object', members: new Map(), required: new Set() };
  if (to[slot + 1] === null) {
    list.items = { kind: 'leaf', schema: { type: 'array' } };
    return;
  }
  if (list.items.kind === 'none') list.items = row;
  put(root, element, rest, list.items, to.slice(slot + 1), lists - 1, instead);
}

/** The shape at the end of `path`, made with the objects that lead to it. */
function open(into: Shape, path: readonly Step[], sure: boolean, make: () => Shape): Shape | null {
  let here = into;
  for (const [index, step] of path.entries()) {
    if (here.kind !== 'object') return null;
    if (typeof step !== 'string') return null;
    if (sure) here.required.add(step);
    let next = here.members.get(step);
    const last = index === path.length - 1;
    next ??= last ? make() : { kind: 'object', members: new Map(), required: new Set() };
    here.members.set(step, next);
    here = next;
  }
  return here;
}

function leaf(into: Shape, to: readonly Step[], schema: Json, sure: boolean): void {
  const holder = to.length === 1 ? into : open(into, to.slice(0, -1), sure, emptyObject);
  const last = to.at(-1);
  if (holder?.kind !== 'object' || typeof last !== 'string') return;
  if (sure) holder.required.add(last);
  holder.members.set(last, { kind: 'leaf', schema });
}

const emptyObject = (): Shape => ({ kind: 'object', members: new Map(), required: new Set() });

function written(shape: Shape): Json {
  switch (shape.kind) {
    case 'leaf':
      return shape.schema;
    case 'none':
      return {};
    case 'list':
      return { type: 'array', items: written(shape.items) };
    case 'object': {
      const properties: Record<string, Json> = {};
      for (const [name, member] of shape.members) setOwn(properties, name, written(member));
      const required = [...shape.required].sort();
      const schema: Record<string, Json> = { type: 'object', properties, additionalProperties: false };
      if (required.length > 0) schema.required = required;
      return schema;
    }
  }
}

/** Whether anything in the schema refers to a place other than its definitions. */
function refersElsewhere(schema: JsonSchema): boolean {
  let found = false;
  visitSchemas(schema, (node) => {
    if (typeof node.$ref === 'string' && !/^#\/(?:\$defs|definitions)\//.test(node.$ref)) found = true;
    if (node.$dynamicRef !== undefined || node.$anchor !== undefined) found = true;
  });
  return found;
}

const asObject = (schema: Json): JsonSchema =>
  isObject(schema) ? schema : schema === false ? { not: {} } : {};

/** Without the paths that lie within a value another path takes whole. */
function withoutCovered(mappings: readonly Mapping[]): readonly Mapping[] {
  const taken = new Set(mappings.filter(({ inPlace }) => inPlace).map(({ from }) => stepsKey(from)));
  return mappings.filter(
    ({ from, inPlace }) =>
      !inPlace || !from.some((_, index) => index > 0 && taken.has(stepsKey(from.slice(0, index)))),
  );
}

/** Whether some in-place paths read one place as an object and others as an array. */
function mixesKinds(mappings: readonly Mapping[]): boolean {
  const kinds = new Map<string, string>();
  return mappings.some(({ to }) =>
    to.some((step, index) => {
      const place = stepsKey(to.slice(0, index));
      const kind = typeof step === 'string' ? 'object' : 'array';
      if (!kinds.has(place)) kinds.set(place, kind);
      return kinds.get(place) !== kind;
    }),
  );
}

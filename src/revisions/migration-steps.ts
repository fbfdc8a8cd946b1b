import type { ConnectorFile, Definition, Migration } from '../connectors/index.ts';
import { isObject, type Json } from '../kernel/index.ts';
import { textOfValue, type FieldStep, type ValueMap } from '../tools/index.ts';

/** One step between two neighbouring versions, in the direction it is taken. */
export type Move = {
  /** Tools by the path they had: the one they have after the step. */
  tools: ReadonlyMap<string, string>;
  /** What becomes of the fields of a tool, by the path it has after the step. */
  fields: ReadonlyMap<string, FieldStep>;
};

/**
 * The steps that lead a connection from one version to another, in order. What a version says of the step into it
 * counts; where it says nothing, the first later file that does. Backwards each step is undone, the last one first.
 */
export function movesBetween(files: readonly ConnectorFile[], from: number, to: number): readonly Move[] {
  const [low, high] = from < to ? [from, to] : [to, from];
  const upwards = files.filter(({ version }) => version <= high).toSorted((a, b) => a.version - b.version);
  const steps: Migration[] = [];
  for (let version = low; version < high; version += 1) {
    const [step] = upwards
      .filter((file) => file.version > version)
      .flatMap(({ migrations }) => migrations.filter((one) => one.from === version));
    if (step) steps.push(step);
  }
  const toolsAt = (at: number): readonly Definition[] | undefined =>
    files.find(({ version }) => version === at)?.tools;
  if (from < to) return steps.map((step) => forwards(step, toolsAt(step.from) ?? []));
  return steps.reverse().map((step) => backwards(step, toolsAt(step.from) ?? toolsAt(to) ?? []));
}

function forwards(step: Migration, older: readonly Definition[]): Move {
  const tools = new Map(Object.entries(step.rename_tools ?? {}));
  const before = inverse(tools);
  const fields = new Map<string, FieldStep>();
  for (const tool of toolsOf(step)) {
    const renames = renamesOf(step, tool);
    const values = valuesOf(step, tool);
    const names = inverse(renames);
    const schema = inputOf(older, before.get(tool) ?? tool);
    const joined = new Map(
      [...values].map(([field, map]) => [
        field,
        joinedBy(map, ownOf(ownOf(schema, 'properties'), names.get(field) ?? field)),
      ]),
    );
    fields.set(tool, { renames, values, joined });
  }
  return { tools, fields };
}

/** Undoes a step. A value that several old ones became cannot be told apart any more, and stays. */
function backwards(step: Migration, older: readonly Definition[]): Move {
  const tools = inverse(new Map(Object.entries(step.rename_tools ?? {})));
  const fields = new Map<string, FieldStep>();
  for (const tool of toolsOf(step)) {
    const path = tools.get(tool) ?? tool;
    const renames = inverse(renamesOf(step, tool));
    const schema = inputOf(older, path);
    const undone = [...valuesOf(step, tool)].map(([field, map]) => {
      const old = renames.get(field) ?? field;
      return { old, ...inverseValues(map, ownOf(ownOf(schema, 'properties'), old)) };
    });
    fields.set(path, {
      renames,
      values: new Map(undone.map(({ old, values }) => [old, values])),
      parted: new Map(undone.map(({ old, parted }) => [old, parted])),
    });
  }
  return { tools, fields };
}

const inputOf = (definitions: readonly Definition[], path: string): Json | undefined =>
  definitions.find((definition) => definition.path === path)?.inputSchema;

const toolsOf = (step: Migration): readonly string[] => [
  ...new Set([...Object.keys(step.rename_inputs ?? {}), ...Object.keys(step.map_values ?? {})]),
];

const renamesOf = (step: Migration, tool: string): ReadonlyMap<string, string> =>
  new Map(Object.entries(own(step.rename_inputs, tool) ?? {}));

const valuesOf = (step: Migration, tool: string): ReadonlyMap<string, ValueMap> =>
  new Map(
    Object.entries(own(step.map_values, tool) ?? {}).map(([field, map]) => [
      field,
      new Map(Object.entries(map)),
    ]),
  );

const own = <Value>(record: Readonly<Record<string, Value>> | undefined, key: string): Value | undefined =>
  record && Object.hasOwn(record, key) ? record[key] : undefined;

const ownOf = (value: Json | undefined, key: string): Json | undefined =>
  isObject(value) ? own(value, key) : undefined;

const inverse = (map: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  new Map([...map].map(([old, name]) => [name, old]));

/** New values that more than one old one has become, or may have: an older version that lists none may have had any. */
function joinedBy(map: ValueMap, schema: Json | undefined): ReadonlySet<string> {
  const listed = ownOf(schema, 'enum');
  const texts = textsOf(listed);
  const seen = new Set<string>();
  const joined = new Set<string>();
  for (const value of map.values()) {
    const text = textOfValue(value);
    if (text === null) continue;
    const mayStay = !map.has(text) && (!Array.isArray(listed) || texts.has(text));
    if (seen.has(text) || mayStay) joined.add(text);
    seen.add(text);
  }
  return joined;
}

const textsOf = (listed: Json | undefined): ReadonlySet<string | null> =>
  new Set(Array.isArray(listed) ? (listed as readonly Json[]).map(textOfValue) : []);

function inverseValues(
  map: ValueMap,
  schema: Json | undefined,
): { values: ValueMap; parted: ReadonlySet<string> } {
  const undone = new Map<string, Json>();
  const parted = new Set<string>();
  const texts = textsOf(ownOf(schema, 'enum'));
  for (const [old, value] of map) {
    const text = textOfValue(value);
    if (text === null) continue;
    const wasThere = texts.has(text) && !map.has(text);
    if (undone.has(text) || wasThere) parted.add(text);
    undone.set(text, typedAs(old, schema));
  }
  for (const text of parted) undone.delete(text);
  return { values: undone, parted };
}

/** An old value is known by its text: a number or a boolean where the older version declares one. */
function typedAs(text: string, schema: Json | undefined): Json {
  const allowed = ownOf(schema, 'enum');
  if (Array.isArray(allowed)) {
    const found = (allowed as readonly Json[]).find((value) => textOfValue(value) === text);
    if (found !== undefined) return found;
  }
  const types = [ownOf(schema, 'type') ?? []].flat();
  if (types.includes('string')) return text;
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  const isNumber = types.includes('number') || types.includes('integer');
  return isNumber && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
}

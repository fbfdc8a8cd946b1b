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
  if (from < to) return steps.map(forwards);
  const older = files.find(({ version }) => version === to)?.tools ?? [];
  return steps.reverse().map((step) => backwards(step, older));
}

function forwards(step: Migration): Move {
  const fields = new Map<string, FieldStep>();
  for (const tool of toolsOf(step)) {
    fields.set(tool, { renames: renamesOf(step, tool), values: valuesOf(step, tool) });
  }
  return { tools: new Map(Object.entries(step.rename_tools ?? {})), fields };
}

/** Undoes a step. A value that several old ones became cannot be told apart any more, and stays. */
function backwards(step: Migration, older: readonly Definition[]): Move {
  const tools = inverse(new Map(Object.entries(step.rename_tools ?? {})));
  const fields = new Map<string, FieldStep>();
  for (const tool of toolsOf(step)) {
    const path = tools.get(tool) ?? tool;
    const renames = inverse(renamesOf(step, tool));
    const schema = older.find((definition) => definition.path === path)?.inputSchema;
    const values = new Map(
      [...valuesOf(step, tool)].map(([field, map]) => {
        const old = renames.get(field) ?? field;
        return [old, inverseValues(map, ownOf(ownOf(schema, 'properties'), old))];
      }),
    );
    fields.set(path, { renames, values });
  }
  return { tools, fields };
}

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

function inverseValues(map: ValueMap, schema: Json | undefined): ValueMap {
  const undone = new Map<string, Json>();
  const shared = new Set<string>();
  const allowed = ownOf(schema, 'enum');
  const texts = new Set(Array.isArray(allowed) ? (allowed as readonly Json[]).map(textOfValue) : []);
  for (const [old, value] of map) {
    const text = textOfValue(value);
    if (text === null) continue;
    const wasThere = texts.has(text) && !map.has(text);
    if (undone.has(text) || wasThere) shared.add(text);
    undone.set(text, typedAs(old, schema));
  }
  for (const text of shared) undone.delete(text);
  return undone;
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

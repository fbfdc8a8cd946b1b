import { bodyProblem, isObject, type Json, type JsonPath, type Problem } from '../kernel/index.ts';
import type { ConnectorFile, Migration } from './connector-file.ts';
import type { Definition } from './definition.ts';

type Written = Pick<ConnectorFile, 'version' | 'minimum_version' | 'kind'> & {
  migrations?: readonly Migration[];
};

/**
 * What is wrong with a file's migrations beyond their form: a step leads from one version to the next, each once, no
 * two names become one, and what the step into this very version leads to is there.
 */
export function migrationProblems(written: Written, tools: readonly Definition[]): readonly Problem[] {
  const { version, migrations = [] } = written;
  const problems: Problem[] = [];
  const add = (path: JsonPath, message: string): void =>
    void problems.push(bodyProblem('value_error', path, message));
  if ((written.minimum_version ?? 1) > version) {
    add(['minimum_version'], 'The oldest version that is looked after cannot be above this one.');
  }
  const seen = new Set<number>();
  migrations.forEach((step, index) => {
    const way = ['migrations', index];
    if (step.to !== step.from + 1) add([...way, 'to'], 'A step leads to the next version, and to no other.');
    else if (step.to > version) add([...way, 'to'], 'A step leads at most to the version of this file.');
    if (seen.has(step.from)) add([...way, 'from'], 'Another step leads from this version.');
    seen.add(step.from);
    checkRenames(step.rename_tools, [...way, 'rename_tools'], add);
    for (const [tool, fields] of Object.entries(step.rename_inputs ?? {})) {
      checkRenames(fields, [...way, 'rename_inputs', tool], add);
    }
    // Tools of an MCP server are not in its file, and those of other versions not in this one.
    if (step.to === version && written.kind === 'http') checkTargets(step, tools, way, add);
  });
  return problems;
}

type Add = (path: JsonPath, message: string) => void;

function checkRenames(names: Readonly<Record<string, string>> | undefined, way: JsonPath, add: Add): void {
  const taken = new Set<string>();
  for (const [old, name] of Object.entries(names ?? {})) {
    if (taken.has(name)) add([...way, old], 'Another name becomes this one too.');
    taken.add(name);
  }
}

function checkTargets(step: Migration, tools: readonly Definition[], way: JsonPath, add: Add): void {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  for (const [old, name] of Object.entries(step.rename_tools ?? {})) {
    if (!byName.has(name)) add([...way, 'rename_tools', old], 'This version has no tool of the new name.');
  }
  for (const [tool, fields] of Object.entries(step.rename_inputs ?? {})) {
    const at = [...way, 'rename_inputs', tool];
    const declared = byName.get(tool);
    if (!declared) add(at, 'This version has no such tool.');
    for (const [old, name] of declared ? Object.entries(fields) : []) {
      if (fieldOf(declared!, name) === undefined) add([...at, old], 'The tool has no field of the new name.');
    }
  }
  for (const [tool, fields] of Object.entries(step.map_values ?? {})) {
    const at = [...way, 'map_values', tool];
    const declared = byName.get(tool);
    if (!declared) add(at, 'This version has no such tool.');
    for (const [field, values] of declared ? Object.entries(fields) : []) {
      checkValues(fieldOf(declared!, field), values, [...at, field], add);
    }
  }
}

function checkValues(
  schema: Json | undefined,
  values: Readonly<Record<string, Json>>,
  at: JsonPath,
  add: Add,
): void {
  if (schema === undefined) return add(at, 'The tool has no such field.');
  const allowed = isObject(schema) && Array.isArray(schema['enum']) ? (schema['enum'] as Json[]) : null;
  for (const [old, value] of Object.entries(values)) {
    if (allowed && !allowed.includes(value)) add([...at, old], 'The field does not take the new value.');
  }
}

function fieldOf({ inputSchema }: Definition, field: string): Json | undefined {
  const properties = inputSchema['properties'];
  return isObject(properties) && Object.hasOwn(properties, field) ? properties[field] : undefined;
}

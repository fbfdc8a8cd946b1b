import type { Definition } from '../../connectors/index.ts';
import { isObject } from '../../kernel/index.ts';
import type { Json, JsonSchema } from '../../kernel/index.ts';
import { invalidity, oversize } from './check-schema.ts';
import { cleanSchema, cleanText, hasInvisible } from './clean-text.ts';
import { readMirrors } from './mirrored-headers.ts';

export type ListedTool = { [key: string]: Json } & { name: string };

const nothingNeeded: JsonSchema = { type: 'object' };
const longestPath = 256;

/**
 * What a server says of one tool, as a Definition. A tool that cannot be served is put aside alone, with the
 * reason in `quarantine`. `mirrors` says whether its era knows `x-mcp-header`.
 */
export function readTool(tool: ListedTool, name: string, mirrors: boolean): Definition {
  const input = readInput(tool['inputSchema'] ?? nothingNeeded);
  const output = tool['outputSchema'] === undefined ? null : readSchema(tool['outputSchema']);
  const marks = mirrors && input.problem === null ? readMirrors(input.schema) : { headers: {} };
  const headers = 'headers' in marks && Object.keys(marks.headers).length > 0 ? marks.headers : null;
  const hints = isObject(tool['annotations']) ? tool['annotations'] : {};
  const texts = [tool['title'], hints['title'], tool['description']];
  const hides = input.hides || (output?.hides ?? false) || texts.some(hasInvisible);
  const readOnly = hints['readOnlyHint'] === true;
  const destroys = !readOnly && hints['destructiveHint'] === true;
  return {
    path: tool.name,
    name,
    title: cleanText(tool['title']) ?? cleanText(hints['title']),
    description: cleanText(tool['description']),
    inputSchema: input.schema,
    outputSchema: output === null || output.problem !== null ? null : output.schema,
    effect: readOnly ? 'read' : destroys ? 'destructive' : 'write',
    confirm: hints['destructiveHint'] === true,
    idempotent: readOnly || hints['idempotentHint'] === true,
    binding: { kind: 'mcp', tool: tool.name, ...(headers ? { headers } : {}) },
    quarantine: quarantineOf(tool, input, marks),
    ...(hides ? { flags: ['invisible_characters'] } : {}),
  };
}

function quarantineOf(
  tool: ListedTool,
  input: { problem: string | null },
  marks: { headers: unknown } | { problem: string },
): string | null {
  if (tool.name.length > longestPath) return `Its name is longer than ${longestPath} characters.`;
  if (input.problem !== null) return `Its input schema ${input.problem}.`;
  return 'problem' in marks ? marks.problem : null;
}

/** `hides`: its texts held characters that nobody sees; they are gone. */
type ReadSchema = { schema: JsonSchema; problem: string | null; hides: boolean };

/** Arguments are always an object; what a tool puts out may be anything. */
function readInput(raw: Json): ReadSchema {
  const read = readSchema(isObject(raw) && raw['type'] === undefined ? { type: 'object', ...raw } : raw);
  if (read.problem !== null || read.schema['type'] === 'object') return read;
  return { ...read, schema: nothingNeeded, problem: 'does not describe an object' };
}

function readSchema(raw: Json): ReadSchema {
  let hides = false;
  const refuse = (problem: string) => ({ schema: nothingNeeded, problem, hides });
  if (!isObject(raw)) return refuse('is not an object');
  const much = oversize(raw);
  if (much !== null) return refuse(much);
  const schema = cleanSchema(raw, (text) => void (hides ||= hasInvisible(text))) as JsonSchema;
  const problem = invalidity(schema);
  return problem === null ? { schema, problem, hides } : refuse(problem);
}

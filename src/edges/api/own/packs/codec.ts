import type { z } from '@hono/zod-openapi';
import { bodyProblem, invalid, isObject, type JsonPath, type Problem } from '../../../../kernel/index.ts';
import type { EntryWish, Pack, PackEntry, PackInput, ToolsWish } from '../../../../packs/index.ts';
import { parseInputRules, setOwn, type PackCuration } from '../../../../tools/index.ts';
import { writeRules } from '../tools/codec.ts';
import type { createPackBody, packSchema, putEntryBody, updatePackBody } from './schema.ts';

type EntryBody = z.output<typeof putEntryBody>;

export function readPack(body: z.output<typeof createPackBody>): PackInput & { name: string };
export function readPack(body: z.output<typeof updatePackBody>): PackInput;
export function readPack(body: z.output<typeof updatePackBody>): PackInput {
  return {
    name: body.name,
    description: body.description,
    names: body.names,
    approveBy: body.approve_by,
    entries: body.entries?.map((entry, index) => readEntry(entry.slug, entry, ['entries', index])),
    namesField: 'tools',
  };
}

/** An entry as the body says it and nothing else: what is absent is the default. */
export function readEntry(slug: string, body: EntryBody, path: JsonPath = []): EntryWish & { slug: string } {
  return {
    slug,
    authScope: body.auth_scope ?? 'ORGANIZATION',
    tools: readTools(body),
    overrides: readOverrides(body.overrides ?? {}, [...path, 'overrides']),
  };
}

function readTools({ tools }: EntryBody): ToolsWish {
  return tools ? { kind: 'exactly', names: tools } : { kind: 'all' };
}

const maxDescription = 16_000;

function readOverrides(
  value: { readonly [tool: string]: unknown },
  path: JsonPath,
): Readonly<Record<string, PackCuration>> {
  const problems: Problem[] = [];
  const overrides: Record<string, PackCuration> = {};
  for (const [tool, said] of Object.entries(value)) {
    const at = [...path, tool];
    if (!isObject(said)) {
      problems.push(bodyProblem('dict_type', at, 'Input should be a valid dictionary'));
      continue;
    }
    const { description, inputs, ...others } = said;
    for (const key of Object.keys(others)) {
      problems.push(bodyProblem('extra_forbidden', [...at, key], 'Extra inputs are not permitted'));
    }
    const read: PackCuration = {};
    if (typeof description === 'string' && description.length <= maxDescription)
      read.description = description;
    else if (description !== undefined && description !== null) {
      const message = `Input should be a string of at most ${maxDescription} characters`;
      problems.push(bodyProblem('string_type', [...at, 'description'], message));
    }
    if (inputs !== undefined && inputs !== null) {
      const parsed = parseInputRules(inputs, [...at, 'inputs']);
      problems.push(...parsed.problems);
      read.inputs = parsed.rules;
    }
    setOwn(overrides, tool, read);
  }
  if (problems.length > 0) throw invalid(...problems);
  return overrides;
}

export function writePack(pack: Pack, tokenCost: number, publicUrl: string): z.input<typeof packSchema> {
  return {
    id: pack.id,
    slug: pack.slug,
    name: pack.name,
    description: pack.description,
    names: pack.names,
    approve_by: pack.approveBy,
    mode: pack.mode,
    favourites: [...pack.favourites],
    entries: pack.entries.map(writeEntry),
    mcp_url: `${publicUrl}/mcp/${pack.slug}`,
    token_cost: tokenCost,
    is_sample: pack.isSample,
    created_at: pack.createdAt.toISOString(),
    updated_at: pack.updatedAt.toISOString(),
  };
}

function writeEntry({ connection, authScope, selection, overrides }: PackEntry) {
  const shown: Record<string, Record<string, unknown>> = {};
  for (const [tool, { inputs, ...said }] of Object.entries(overrides)) {
    setOwn(shown, tool, { ...said, ...(inputs ? { inputs: writeRules(inputs) } : {}) });
  }
  return {
    slug: connection.slug,
    connection_id: connection.id,
    auth_scope: authScope,
    selection: selection.kind,
    tools: selection.kind === 'exactly' ? [...selection.names] : null,
    overrides: shown,
  };
}

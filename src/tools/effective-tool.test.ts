import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Definition } from '../connectors/index.ts';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { mergedInputPreview } from './apply-rules.ts';
import type { InputRules, PackCuration, ResponseMap } from './curation.ts';
import { effectiveTool } from './effective-tool.ts';
import { compileSchema } from './schema-validator.ts';

const inputSchema: JsonSchema = {
  type: 'object',
  required: ['owner', 'repo', 'state'],
  properties: {
    owner: { type: 'string' },
    repo: { $ref: '#/$defs/Repo' },
    state: { enum: ['open', 'closed', 'all'], description: 'Which.' },
    filter: { $ref: '#/$defs/Filter' },
    token: { type: 'string', format: 'password' },
  },
  $defs: {
    Repo: { type: 'string' },
    Filter: {
      type: 'object',
      properties: { and: { type: 'array', items: { $ref: '#/$defs/Filter' } }, x: { $ref: '#/$defs/X' } },
    },
    X: { type: 'null' },
  },
};
function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}
const definition = (more: Partial<Definition> = {}): Definition =>
  freeze({
    path: 'list_issues',
    name: 'list_issues',
    title: 'List',
    description: 'Lists.',
    inputSchema,
    outputSchema: { type: 'object', properties: { id: { type: 'integer' } } },
    effect: 'read',
    confirm: false,
    idempotent: false,
    binding: { kind: 'mcp', tool: 'list_issues' },
    quarantine: null,
    ...more,
  });
const curated = (inputs: InputRules | null, responseMap: ResponseMap | null = null) =>
  freeze({ title: null, description: null, inputs, responseMap });
const served = (inputs: InputRules, more: Partial<Definition> = {}, pack: PackCuration | null = null) =>
  effectiveTool(definition(more), {}, curated(inputs), pack, 'hub__list_issues');
const properties = (schema: JsonSchema): Record<string, Json> => schema.properties as Record<string, Json>;

test('takes pinned and hidden fields away, and the definitions only they used', () => {
  const { tool, origins } = served({
    filter: { mode: 'pinned', value: {} },
    owner: { mode: 'hidden', value: 'me' },
  });
  assert.deepEqual(Object.keys(properties(tool.input_schema)), ['repo', 'state', 'token']);
  assert.deepEqual(tool.input_schema.required, ['repo', 'state']);
  assert.deepEqual(Object.keys(tool.input_schema.$defs as object), ['Repo']);
  assert.equal(origins['/input_schema/properties/filter'], 'connection');
});

test('keeps definitions that lead to each other while one is used', () => {
  const { tool } = served({ repo: { mode: 'pinned', value: 'r' } });
  assert.deepEqual(Object.keys(tool.input_schema.$defs as object), ['Filter', 'X']);
});

test('shows defaults, narrowed enums and labels, and who said them', () => {
  const { tool, origins } = served(
    { repo: { mode: 'default', value: 'r' }, state: { enum: ['open', 'closed'], title: 'State' } },
    {},
    { description: 'Packed.', inputs: { state: { enum: ['open'] }, owner: { description: 'Who.' } } },
  );
  assert.deepEqual(properties(tool.input_schema).repo, { $ref: '#/$defs/Repo', default: 'r' });
  assert.deepEqual(properties(tool.input_schema).state, {
    enum: ['open'],
    description: 'Which.',
    title: 'State',
  });
  assert.deepEqual(tool.input_schema.required, ['owner', 'state']);
  assert.equal(tool.description, 'Packed.');
  assert.deepEqual(origins, {
    '/title': 'service',
    '/description': 'pack',
    '/input_schema': 'service',
    '/input_schema/properties/repo/default': 'connection',
    '/input_schema/properties/state/enum': 'pack',
    '/input_schema/properties/state/title': 'connection',
    '/input_schema/properties/owner/description': 'pack',
    '/output_schema': 'service',
    '/annotations': 'service',
  });
});

test('takes descriptions from pack, connection, connector and service in this order', () => {
  const describe = (pack: string | undefined, own: string | null, connector: string | null) =>
    effectiveTool(
      definition(),
      { connectorDescription: connector },
      { ...curated(null), description: own },
      pack ? { description: pack } : null,
      's',
    ).tool.description;
  assert.deepEqual(
    [
      describe('p', 'c', 'k'),
      describe(undefined, 'c', 'k'),
      describe(undefined, null, 'k'),
      describe(undefined, null, null),
    ],
    ['p', 'c', 'k', 'Lists.'],
  );
});

test('finds fields in allOf, references and unions at the top', () => {
  const schema: JsonSchema = {
    $ref: '#/$defs/All',
    required: ['b'],
    $defs: {
      All: {
        allOf: [{ $ref: '#/$defs/Base' }, { properties: { b: { type: 'string' } }, required: ['b'] }],
        anyOf: [{ required: ['a'] }, { required: ['c'] }],
      },
      Base: {
        type: 'object',
        properties: { a: { type: 'string' }, c: { type: 'object', properties: { a: {} } } },
      },
    },
  };
  const { tool } = served(
    { a: { mode: 'pinned', value: 'SECRET' }, b: { mode: 'default', value: 'x' } },
    { inputSchema: freeze(schema) },
  );
  const compiled = compileSchema(tool.input_schema);
  assert.ok(compiled.ok);
  assert.deepEqual(compiled.validate({}), []);
  assert.deepEqual(compiled.validate({ b: 1 }).length, 1);
  const seen = JSON.stringify(tool.input_schema);
  assert.ok(
    !seen.includes('"required":["a"]') && !seen.includes('SECRET') && seen.includes('"properties":{"a":{}}'),
  );
});

test('a nested object that refers to the whole keeps the field that is pinned at the top', () => {
  const schema: JsonSchema = { type: 'object', properties: { a: { type: 'string' }, sub: { $ref: '#' } } };
  const { tool } = served({ a: { mode: 'pinned', value: 'x' } }, { inputSchema: schema });
  const compiled = compileSchema(tool.input_schema);
  assert.ok(compiled.ok);
  assert.deepEqual(Object.keys(properties(tool.input_schema)), ['sub']);
  assert.deepEqual(
    compiled.validate({ sub: { a: 1, sub: { a: 'y' } } }).map(({ message }) => message),
    ['"sub.a" must be a string.'],
  );
});

test('drops conditions on fields that are gone', () => {
  const schema: JsonSchema = {
    properties: { kind: {}, size: {} },
    if: { properties: { kind: { const: 'a' } } },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ['size'] },
    not: { required: ['kind'] },
    dependentRequired: { kind: ['size'], size: ['kind'] },
    minProperties: 2,
  };
  const { tool } = served({ kind: { mode: 'pinned', value: 'b' } }, { inputSchema: schema });
  assert.deepEqual(tool.input_schema, {
    properties: { size: {} },
    dependentRequired: { size: [] },
    minProperties: 1,
  });
});

test('never shows a sealed value', () => {
  const rules: InputRules = {
    token: { mode: 'default', secret: 'sec-1' },
    owner: { mode: 'pinned', secret: 'sec-2' },
  };
  assert.ok(!/sec-\d/.test(JSON.stringify([served(rules), mergedInputPreview(inputSchema, rules)])));
});

test('previews the full schema with defaults and constants in it', () => {
  const rules: InputRules = {
    owner: { mode: 'pinned', value: 'me' },
    state: { mode: 'default', value: 'open' },
    token: { mode: 'pinned', secret: 's' },
  };
  const preview = mergedInputPreview(freeze(inputSchema), rules);
  assert.deepEqual(properties(preview).owner, { type: 'string', const: 'me' });
  assert.deepEqual(properties(preview).state, {
    enum: ['open', 'closed', 'all'],
    description: 'Which.',
    default: 'open',
  });
  assert.deepEqual(properties(preview).token, { type: 'string', format: 'password' });
  assert.deepEqual(preview.required, inputSchema.required);
  assert.equal(mergedInputPreview(inputSchema, null), inputSchema);
});

test('serves an output schema only for objects, and the derived one under a map', () => {
  const output = (
    outputSchema: JsonSchema | null,
    map: ResponseMap | null,
    responseSchema: JsonSchema | null = null,
  ) =>
    effectiveTool(definition({ outputSchema }), { responseSchema }, curated(null, map), null, 's').tool
      .output_schema;
  const map: ResponseMap = { field_mappings: [{ path: 'id', alias: 'number' }] };
  const shape: JsonSchema = {
    type: 'object',
    required: ['id'],
    properties: { id: { type: 'integer' }, x: {} },
  };
  assert.equal(output({ type: 'array' }, null), null);
  assert.equal(output(null, map), null);
  assert.equal(output(null, null, shape), null);
  assert.equal(output({ $ref: '#/$defs/A', $defs: { A: { type: 'object' } } }, null)?.type, 'object');
  const derived = {
    type: 'object',
    properties: { number: { type: 'integer' } },
    additionalProperties: false,
    required: ['number'],
  };
  assert.deepEqual(output(shape, map), derived);
  assert.deepEqual(output(null, map, shape), derived);
  assert.equal(output({ type: 'object', properties: { other: {} } }, map), null);
});

test('says the effect in annotations', () => {
  assert.deepEqual(served({}, { effect: 'destructive' }).tool.annotations, {
    readOnlyHint: false,
    destructiveHint: true,
    idempotentHint: false,
    openWorldHint: true,
  });
});

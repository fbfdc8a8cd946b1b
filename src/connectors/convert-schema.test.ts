import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../kernel/index.ts';
import { importOpenapi } from './import-openapi.ts';

type Schemas = { [name: string]: unknown };

/** The reply's and the body's converted schema of a document whose one operation uses `schema` for both. */
function convert(schema: unknown, options: { version?: string; schemas?: Schemas } = {}) {
  const content = { 'application/json': { schema } };
  return importOpenapi({
    openapi: options.version ?? '3.0.3',
    paths: {
      '/a': {
        post: {
          operationId: 'a',
          requestBody: { required: true, content },
          responses: { '200': { description: '', content } },
        },
      },
    },
    components: { schemas: options.schemas ?? {} },
  });
}

const output = (...args: Parameters<typeof convert>): JsonSchema => {
  const { tools, leftOut } = convert(...args);
  assert.deepEqual(leftOut, []);
  return tools[0]!.outputSchema!;
};

test('writes what 3.0 calls nullable as a type', () => {
  assert.deepEqual(output({ type: 'string', nullable: true }), { type: ['string', 'null'] });
  assert.deepEqual(output({ type: 'string', nullable: true, enum: ['a'] }), {
    type: ['string', 'null'],
    enum: ['a', null],
  });
  assert.deepEqual(output({ description: 'D', nullable: true, allOf: [{ type: 'object' }] }), {
    description: 'D',
    anyOf: [{ allOf: [{ type: 'object' }] }, { type: 'null' }],
  });
  assert.deepEqual(output({ type: 'string', nullable: true }, { version: '3.1.0' }), { type: 'string' });
});

test('writes exclusive bounds and examples as 2020-12 does, and drops what only OpenAPI knows', () => {
  const schema = {
    type: 'integer', minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false, example: 3, xml: {}, 'x-a': 1, discriminator: {},
  }; // prettier-ignore
  assert.deepEqual(output(schema), { type: 'integer', exclusiveMinimum: 1, maximum: 9, examples: [3] });
});

test('keeps keywords of 3.1 beside a reference, and only texts before', () => {
  const schemas = { A: { type: 'object', properties: { a: { type: 'string' } } } };
  const schema = {
    type: 'array',
    items: { $ref: '#/components/schemas/A', description: 'D', maxProperties: 1 },
  };
  assert.deepEqual(output(schema, { version: '3.1.0', schemas })['items'], {
    $ref: '#/$defs/A',
    description: 'D',
    maxProperties: 1,
  });
  assert.deepEqual(output(schema, { schemas })['items'], { $ref: '#/$defs/A', description: 'D' });
});

test('keeps circles through $defs, with those definitions only that are used', () => {
  const schemas = {
    Node: { type: 'object', properties: { next: { $ref: '#/components/schemas/Node' }, leaf: { $ref: '#/components/schemas/Leaf' } } },
    Leaf: { type: 'object', properties: { up: { $ref: '#/components/schemas/Node' } } },
    Other: { type: 'object' },
  }; // prettier-ignore
  const schema = output({ $ref: '#/components/schemas/Node' }, { schemas });
  assert.equal(schema['type'], 'object');
  assert.deepEqual(Object.keys(schema['$defs'] as object), ['Leaf', 'Node']);
  const validate = new Ajv2020({ strict: false }).compile(schema);
  assert.equal(validate({ next: { next: { leaf: {} } } }), true);
  assert.equal(validate({ next: { leaf: 1 } }), false);
});

test('writes scalar shared schemas out in place', () => {
  const schemas = { Id: { type: 'string', pattern: '^a' } };
  assert.deepEqual(output({ type: 'array', items: { $ref: '#/components/schemas/Id' } }, { schemas }), {
    type: 'array',
    items: { type: 'string', pattern: '^a' },
  });
});

test('gives a reference into the middle of the document a name of its own', () => {
  const schemas = {
    A: { type: 'object', properties: { 'x y': { type: 'object', properties: { z: { type: 'integer' } } } } },
  };
  const schema = output(
    { type: 'array', items: { $ref: '#/components/schemas/A/properties/x%20y' } },
    { schemas },
  );
  assert.equal(new Ajv2020({ strict: false }).compile(schema)([{ z: 'no' }]), false);
});

test('leaves readOnly members out of the input and writeOnly ones out of the output', () => {
  const schemas = { Id: { type: 'string', readOnly: true } };
  const schema = {
    type: 'object',
    required: ['id', 'secret', 'nested'],
    properties: {
      id: { $ref: '#/components/schemas/Id' },
      secret: { type: 'string', writeOnly: true },
      nested: { type: 'object', required: ['at', 'name'], properties: { at: { type: 'string', readOnly: true }, name: { type: 'string' } } },
    },
  }; // prettier-ignore
  const { inputSchema, outputSchema } = convert(schema, { schemas }).tools[0]!;
  const input = inputSchema['properties'] as { [name: string]: JsonSchema };
  assert.deepEqual(Object.keys(input), ['secret', 'nested']);
  assert.deepEqual(inputSchema['required'], ['secret', 'nested']);
  assert.deepEqual(input['nested']!['required'], ['name']);
  assert.deepEqual(Object.keys(outputSchema!['properties'] as object), ['id', 'nested']);
  assert.deepEqual(outputSchema!['required'], ['id', 'nested']);
});

test('does not ask for a readOnly member that allOf brings in', () => {
  const schemas = {
    Base: {
      type: 'object',
      properties: { id: { type: 'string', readOnly: true }, name: { type: 'string' } },
    },
  };
  const schema = { allOf: [{ $ref: '#/components/schemas/Base' }], required: ['id', 'name'] };
  assert.deepEqual(convert(schema, { schemas }).tools[0]!.inputSchema['required'], ['name']);
});

test('leaves out an operation whose schema is broken, with its reason', () => {
  const reasons = [
    [{ $ref: '#/components/schemas/Missing' }, /points at nothing/],
    [{ type: 'object', properties: { a: { $ref: '#/components/schemas/Missing' } } }, /points at nothing/],
    [{ $ref: '#/components/schemas/Loop' }, /refers to itself/],
    [{ $ref: '#anchor' }, /does not begin/],
    [{ type: 'date' }, /does not exist/],
    [{ type: 'object', properties: [] }, /not an object/],
    [{ enum: 'a' }, /not a list/],
    [{ type: 'array', items: 'string' }, /not an object/],
  ] as const;
  const schemas = { Loop: { $ref: '#/components/schemas/Loop' } };
  for (const [schema, reason] of reasons) {
    const { tools, leftOut } = convert(schema, { schemas });
    assert.deepEqual(tools, [], JSON.stringify(schema));
    assert.match(leftOut[0]!.reason, reason);
  }
});

test('drops a pattern that is no regular expression and says so', () => {
  const { tools, warnings } = convert({ type: 'array', items: { type: 'string', pattern: '(' } });
  assert.deepEqual(tools[0]!.outputSchema, { type: 'array', items: { type: 'string' } });
  assert.ok(warnings.some(({ warning }) => warning.includes('regular expression')));
});

test('survives references that double at every level', () => {
  const schemas: Schemas = { L40: { type: 'object', properties: { a: { type: 'string' } } } };
  for (let level = 0; level < 40; level += 1) {
    const next = { $ref: `#/components/schemas/L${level + 1}` };
    schemas[`L${level}`] = { allOf: [next, next, next], required: ['a'] };
  }
  const { tools } = convert({ $ref: '#/components/schemas/L0' }, { schemas });
  assert.equal(Object.keys(tools[0]!.outputSchema!['$defs'] as object).length, 40);
});

test('leaves out a tool whose schema would be endless', () => {
  const schemas: Schemas = {};
  for (let index = 0; index < 600; index += 1) {
    const properties = Object.fromEntries(
      Array.from({ length: 100 }, (_, at) => [`p${at}`, { type: 'array', items: {} }]),
    );
    schemas[`S${index}`] = {
      type: 'object',
      properties: { ...properties, next: { $ref: `#/components/schemas/S${index + 1}` } },
    };
  }
  schemas['S600'] = { type: 'object' };
  assert.match(convert({ $ref: '#/components/schemas/S0' }, { schemas }).leftOut[0]!.reason, /too large/);
});

test('strips invisible characters from texts in schemas and says so', () => {
  const { tools, warnings } = convert({
    type: 'object',
    properties: { a: { type: 'string', description: 'a\u200Bb\u{E0041}c' } },
  });
  const properties = tools[0]!.inputSchema['properties'] as { a: JsonSchema };
  assert.equal(properties.a['description'], 'abc');
  assert.ok(warnings.some(({ warning }) => warning.includes('Invisible')));
});

test('refuses a document that asks for a large schema in thousands of operations', () => {
  const schemas: Schemas = {};
  for (let index = 0; index < 10_000; index += 1) {
    schemas[`S${index}`] = {
      type: 'object',
      properties: { next: { $ref: `#/components/schemas/S${index + 1}` } },
    };
  }
  schemas['S10000'] = { type: 'object' };
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/S0' } } };
  const operation = { responses: { '200': { description: '', content } } };
  const paths = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`/p${at}`, { get: operation }]));
  assert.throws(
    () => importOpenapi({ openapi: '3.1.0', paths, components: { schemas } }),
    /too large for its operations/,
  );
});

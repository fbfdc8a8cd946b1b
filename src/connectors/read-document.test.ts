import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import { importOpenapi } from './import-openapi.ts';

const minimal = (extra: object = {}): object => ({
  openapi: '3.1.0',
  info: { title: 'Pets', version: '1' },
  paths: { '/pets': { get: { operationId: 'listPets', summary: 'List', responses: {} } } },
  ...extra,
});

/** One sentence: a Fault of kind invalid, one problem at `document`. */
function refused(source: string | object, pattern: RegExp): void {
  assert.throws(
    () => importOpenapi(source),
    (error: unknown) => {
      assert.ok(error instanceof Fault, String(error));
      assert.equal(error.kind, 'invalid');
      assert.match(error.message, pattern);
      assert.equal(error.problems.length, 1);
      assert.deepEqual(error.problems[0]!.path, ['document']);
      return true;
    },
  );
}

test('reads the same tools from JSON text, YAML text and an object', () => {
  const yaml =
    'openapi: 3.1.0\ninfo: {title: Pets, version: "1"}\npaths:\n  /pets:\n    get: {operationId: listPets, summary: List, responses: {}}\n';
  const expected = importOpenapi(minimal());
  assert.deepEqual(importOpenapi(JSON.stringify(minimal())), expected);
  assert.deepEqual(importOpenapi(`\uFEFF${JSON.stringify(minimal())}`), expected);
  assert.deepEqual(importOpenapi(yaml), expected);
  assert.equal(expected.tools.length, 1);
});

test('refuses what is no OpenAPI document', () => {
  refused('', /not an OpenAPI/);
  refused('[]', /not an OpenAPI/);
  refused('hello', /not an OpenAPI/);
  refused('{"info": {}}', /not an OpenAPI/);
  refused({ openapi: '4.0.0', paths: {} }, /Only OpenAPI 3/);
  refused({ swagger: '1.2', paths: {} }, /Only OpenAPI 3/);
  refused('{"openapi": "3.1.0", ', /readable neither/);
  refused('a: [1\nb: }', /readable neither/);
});

test('refuses a document without operations', () => {
  refused(minimal({ paths: {} }), /no operations/);
  refused({ openapi: '3.0.3', info: {} }, /no operations/);
  refused({ openapi: '3.0.3', paths: { '/a': { parameters: [], 'x-note': {} } } }, /no operations/);
});

test('refuses text over 50 MB', () => {
  refused(`{"openapi":"3.1.0","x":"${'a'.repeat(50 * 1024 * 1024)}"}`, /larger than 50 MB/);
});

test('refuses references that leave the document, wherever they stand', () => {
  for (const reference of [
    'other.yaml#/a',
    'file:///etc/passwd',
    'https://example.com/a.json',
    '//host/a',
    './x',
  ]) {
    refused(minimal({ components: { schemas: { A: { $ref: reference } } } }), /another document/);
    refused(minimal({ paths: { '/a': { $ref: reference }, '/b': { get: {} } } }), /another document/);
    refused(minimal({ components: { responses: { default: { $ref: reference } } } }), /another document/);
    refused(
      minimal({ components: { schemas: { A: { properties: { example: { $ref: reference } } } } } }),
      /another document/,
    );
  }
});

test('takes $ref in an example for the value it is', () => {
  const document = minimal({
    components: { schemas: { A: { type: 'object', example: { $ref: 'other.json' } } } },
  });
  assert.equal(importOpenapi(document).tools.length, 1);
});

test('reads a member that is called $ref', () => {
  const document = minimal({
    components: { schemas: { A: { type: 'object', properties: { $ref: { type: 'string' } } } } },
  });
  assert.equal(importOpenapi(document).tools.length, 1);
});

test('refuses YAML that multiplies itself through aliases', () => {
  const lines = ['openapi: 3.1.0', 'a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level += 1) {
    lines.push(`a${level}: &a${level} [${Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')}]`);
  }
  refused(lines.join('\n'), /aliases/);
});

test('refuses what is nested too deeply, in JSON, YAML and objects', () => {
  const deep = `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`;
  refused(`{"openapi":"3.1.0","x":${deep}}`, /nested/);
  refused(`openapi: 3.1.0\nx: ${'['.repeat(20_000)}`, /readable neither|nested/);
  const circle: { openapi: string; self?: unknown } = { openapi: '3.1.0' };
  circle.self = circle;
  refused(circle, /nested/);
});

test('refuses a document with millions of values', () => {
  refused(`{"openapi":"3.1.0","x":[${'1,'.repeat(5_100_000)}1]}`, /five million/);
});

test('is not harmed by __proto__ and constructor', () => {
  const text = `{"openapi":"3.1.0","__proto__":{"polluted":1},"info":{"title":"T"},
    "components":{"schemas":{"__proto__":{"type":"object"},"constructor":{"type":"object","properties":{"__proto__":{"type":"string"},"constructor":{"type":"string"}}}}},
    "paths":{"/a/{constructor}":{"post":{"operationId":"__proto__",
      "parameters":[{"name":"__proto__","in":"query","schema":{"type":"string","default":{"__proto__":{"polluted":1}}}},{"name":"constructor","in":"path","required":true,"schema":{"type":"string"}}],
      "requestBody":{"content":{"application/json":{"schema":{"type":"object","required":["__proto__","toString"],"properties":{"__proto__":{"type":"string"},"toString":{"$ref":"#/components/schemas/constructor"}}}}}}}},
    "/b":{"post":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/hasOwnProperty"}}}}}}}}`;
  const { tools, leftOut } = importOpenapi(text);
  assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  assert.deepEqual(
    tools.map((tool) => tool.name),
    ['proto'],
  );
  const [tool] = tools;
  assert.deepEqual(Object.keys(tool!.inputSchema['properties'] as object).sort(), [
    'constructor',
    'proto',
    'toString',
  ]);
  assert.deepEqual(
    leftOut.map((each) => each.operation),
    ['POST /b'],
  );
});

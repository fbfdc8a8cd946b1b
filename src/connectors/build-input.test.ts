import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonSchema } from '../kernel/index.ts';
import type { Definition, HttpBinding } from './definition.ts';
import { importOpenapi } from './import-openapi.ts';

type Made = {
  tool: Definition;
  binding: HttpBinding;
  properties: { [field: string]: JsonSchema };
  warnings: readonly string[];
};

function make(
  operation: object,
  options: { path?: string; item?: object; root?: object; method?: string } = {},
): Made {
  const item = { ...options.item, [options.method ?? 'post']: operation };
  const { tools, leftOut, warnings } = importOpenapi({
    openapi: '3.0.3',
    paths: { [options.path ?? '/a']: item },
    ...options.root,
  });
  assert.deepEqual(leftOut, []);
  const tool = tools[0]!;
  const properties = tool.inputSchema['properties'] as Made['properties'];
  return {
    tool,
    binding: tool.binding as HttpBinding,
    properties,
    warnings: warnings.map(({ warning }) => warning),
  };
}

const json = (schema: object, more: object = { required: true }) => ({
  ...more,
  content: { 'application/json': { schema } },
});
const string = { type: 'string' };

test('lays parameters and body members side by side', () => {
  const { tool, binding } = make(
    {
      parameters: [{ name: 'q', in: 'query', required: true, description: 'Words', schema: string }],
      requestBody: json({
        type: 'object',
        required: ['title'],
        properties: { title: string, tags: { type: 'array', items: string } },
      }),
    },
    {
      path: '/r/{id}',
      item: { parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'integer' } }] },
    },
  );
  assert.deepEqual(tool.inputSchema, {
    type: 'object',
    properties: {
      id: { type: 'integer' },
      q: { type: 'string', description: 'Words' },
      title: string,
      tags: { type: 'array', items: string },
    },
    required: ['id', 'q', 'title'],
    additionalProperties: false,
  });
  assert.deepEqual(binding.body, {
    contentType: 'application/json',
    members: { title: 'title', tags: 'tags' },
    whole: null,
    encoding: {},
  });
});

test('tells clashing names apart by their place, whatever the order', () => {
  const path = { name: 'id', in: 'path', required: true, schema: string };
  const query = { name: 'id', in: 'query', schema: { type: 'integer' } };
  const requestBody = json({ type: 'object', properties: { id: { type: 'boolean' }, id_query: string } });
  const one = make({ parameters: [path, query], requestBody }, { path: '/a/{id}' });
  const two = make({ parameters: [query, path], requestBody }, { path: '/a/{id}' });
  assert.deepEqual(Object.keys(one.properties).sort(), ['id', 'id_body', 'id_query', 'id_query_2']);
  assert.deepEqual(one.properties, two.properties);
  assert.deepEqual(one.properties['id'], string);
  assert.deepEqual(one.properties['id_body'], { type: 'boolean' });
  assert.deepEqual(one.binding.body!.members, { id_body: 'id', id_query: 'id_query' });
  assert.ok(one.warnings.some((warning) => warning.includes('"id_body"')));
});

test("makes names legal that models' clients refuse, and says so", () => {
  const { properties, binding, warnings } = make({
    parameters: [{ name: 'filter[name]', in: 'query', schema: string }],
  });
  assert.deepEqual(Object.keys(properties), ['filter_name']);
  assert.equal(binding.parameters[0]!.name, 'filter[name]');
  assert.ok(warnings.some((warning) => warning.includes('filter_name')));
});

test("lets the operation's parameter win over the path's of the same name and place", () => {
  const { binding, properties } = make(
    { parameters: [{ name: 'x', in: 'query', schema: { type: 'integer' } }] },
    {
      item: {
        parameters: [
          { name: 'x', in: 'query', required: true, schema: string },
          { name: 'x', in: 'header', schema: string },
        ],
      },
    },
  );
  assert.deepEqual(properties, { x: { type: 'integer' }, x_header: string });
  assert.deepEqual(
    binding.parameters.map((each) => each.in),
    ['query', 'header'],
  );
});

test('reads style, explode, allowReserved and content of each place', () => {
  const { binding } = make(
    {
      parameters: [
        { name: 'p', in: 'path', required: true, style: 'matrix', explode: true, schema: string },
        { name: 'a', in: 'query', schema: { type: 'array', items: string } },
        { name: 'b', in: 'query', style: 'deepObject', schema: { type: 'object' } },
        {
          name: 'c',
          in: 'query',
          style: 'pipeDelimited',
          allowReserved: true,
          schema: { type: 'array', items: string },
        },
        { name: 'd', in: 'query', content: { 'application/json': { schema: { type: 'object' } } } },
        { name: 'X-H', in: 'header', schema: string },
        { name: 'k', in: 'cookie', schema: string },
      ],
    },
    { path: '/{p}' },
  );
  const seen = binding.parameters.map((each) => [
    each.name,
    each.style,
    each.explode,
    each.allowReserved,
    each.contentType,
  ]);
  assert.deepEqual(seen, [
    ['p', 'matrix', true, false, null],
    ['a', 'form', true, false, null],
    ['b', 'deepObject', true, false, null],
    ['c', 'pipeDelimited', false, true, null],
    ['d', 'form', false, false, 'application/json'],
    ['X-H', 'simple', false, false, null],
    ['k', 'form', true, false, null],
  ]);
});

test('offers no header that belongs to HTTP or the credential, and no parameter that is the credential', () => {
  const names = [
    'Accept',
    'content-type',
    'AUTHORIZATION',
    'Host',
    'Transfer-Encoding',
    'Cookie',
    'X-Forwarded-For',
    'X-Key',
    'X-Fine',
  ];
  const parameters = [
    ...names.map((name) => ({ name, in: 'header', schema: string })),
    { name: 'token', in: 'query', schema: string },
  ];
  const securitySchemes = {
    a: { type: 'apiKey', in: 'header', name: 'x-key' },
    b: { type: 'apiKey', in: 'query', name: 'token' },
  };
  const { properties } = make({ parameters }, { root: { components: { securitySchemes } } });
  assert.deepEqual(Object.keys(properties), ['X-Fine']);
});

test('makes one field of a body that is no object, or says more than members can', () => {
  const bodies = [
    { type: 'array', items: string },
    { type: 'object', additionalProperties: string },
    {
      oneOf: [
        { type: 'object', properties: { a: string } },
        { type: 'array', items: string },
      ],
    },
    { type: 'object', properties: { a: string }, anyOf: [{ properties: { b: string } }] },
    { type: 'object', properties: { a: string }, not: { required: ['a'] } },
  ];
  for (const schema of bodies) {
    const { tool, binding } = make({ requestBody: json(schema) });
    assert.equal(binding.body!.whole, 'body', JSON.stringify(schema));
    assert.deepEqual(tool.inputSchema['required'], ['body']);
  }
  assert.equal(
    make({ requestBody: json({ type: 'array', items: {} }, {}) }).tool.inputSchema['required'],
    undefined,
  );
});

test('merges allOf to lay members flat, and keeps choices between them', () => {
  const root = {
    components: {
      schemas: {
        Base: { type: 'object', required: ['a'], properties: { a: string, both: { minLength: 1 } } },
      },
    },
  };
  const { tool, properties } = make(
    {
      requestBody: json({
        allOf: [
          { $ref: '#/components/schemas/Base' },
          { type: 'object', properties: { b: string, both: { maxLength: 2 } } },
        ],
        anyOf: [{ required: ['a'] }, { required: ['b'] }],
      }),
    },
    { root },
  );
  assert.deepEqual(Object.keys(properties), ['a', 'both', 'b']);
  assert.deepEqual(properties['both'], { allOf: [{ minLength: 1 }, { maxLength: 2 }] });
  assert.deepEqual(tool.inputSchema['anyOf'], [{ required: ['a'] }, { required: ['b'] }]);
});

test('asks for no member of a body that may be left out', () => {
  const schema = { type: 'object', required: ['a'], properties: { a: string } };
  assert.equal(
    make({ requestBody: json(schema, { required: false }) }).tool.inputSchema['required'],
    undefined,
  );
  assert.deepEqual(make({ requestBody: json(schema, {}) }).tool.inputSchema['required'], ['a']);
});

test('takes plain JSON first, then other JSON, forms, text and bytes', () => {
  const schema = { type: 'object', properties: { a: string } };
  const chosen = (...types: string[]) => {
    const content = Object.fromEntries(types.map((type) => [type, { schema }]));
    return make({ requestBody: { required: true, content } }).binding.body!.contentType;
  };
  assert.equal(
    chosen('text/plain', 'application/xml', 'application/json; charset=utf-8'),
    'application/json; charset=utf-8',
  );
  assert.equal(chosen('multipart/form-data', 'application/vnd.api+json'), 'application/vnd.api+json');
  assert.equal(
    chosen('multipart/form-data', 'application/x-www-form-urlencoded'),
    'application/x-www-form-urlencoded',
  );
  assert.equal(chosen('application/octet-stream', 'text/csv'), 'text/csv');
});

test('takes files of a multipart body as base64 and notes how members are written', () => {
  const schema = {
    type: 'object',
    required: ['file'],
    properties: { file: { type: 'string', format: 'binary' }, more: { type: 'array', items: { type: 'string', format: 'binary' } }, meta: { type: 'object' } },
  }; // prettier-ignore
  const encoding = {
    meta: { contentType: 'application/json' },
    file: { contentType: 'image/png, image/gif' },
  };
  const { properties, binding } = make({
    requestBody: { content: { 'multipart/form-data': { schema, encoding } } },
  });
  assert.equal(properties['file']!['contentEncoding'], 'base64');
  assert.equal(properties['file']!['format'], undefined);
  assert.deepEqual(properties['more']!['items'], { type: 'string', contentEncoding: 'base64' });
  assert.deepEqual(binding.body!.encoding, {
    file: { contentType: 'image/png', style: 'form', explode: true, binary: true },
    more: { contentType: null, style: 'form', explode: true, binary: true },
    meta: { contentType: 'application/json', style: 'form', explode: true, binary: false },
  });
});

test('takes text bodies as text and bytes as base64', () => {
  const of = (type: string) =>
    make({ requestBody: { required: true, content: { [type]: { schema: string } } } });
  assert.deepEqual(of('text/csv').properties, { body: { type: 'string' } });
  const bytes = of('application/octet-stream');
  assert.equal(bytes.properties['body']!['contentEncoding'], 'base64');
  assert.equal(bytes.binding.body!.encoding['body']!.binary, true);
});

test('leaves out an operation whose needed body cannot be written', () => {
  const requestBody = { required: true, content: { 'application/x-protobuf': {} } };
  const { tools, leftOut } = importOpenapi({ openapi: '3.1.0', paths: { '/a': { post: { requestBody } } } });
  assert.deepEqual(tools, []);
  assert.match(leftOut[0]!.reason, /application\/x-protobuf/);
});

test('asks for path parameters nobody declared, and drops those the path has no place for', () => {
  const { tool } = make(
    { parameters: [{ name: 'b', in: 'path', required: true, schema: string }] },
    { path: '/x/{a}' },
  );
  assert.deepEqual(tool.inputSchema['properties'], { a: string });
  assert.deepEqual(tool.inputSchema['required'], ['a']);
});

test('gives each tool the $defs its input uses, and no others', () => {
  const schemas = {
    Tree: {
      type: 'object',
      properties: { children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } } },
    },
    Unused: { type: 'object' },
  };
  const { tool } = make(
    { requestBody: json({ type: 'object', properties: { tree: { $ref: '#/components/schemas/Tree' } } }) },
    { root: { components: { schemas } } },
  );
  assert.deepEqual(Object.keys(tool.inputSchema['$defs'] as object), ['Tree']);
});

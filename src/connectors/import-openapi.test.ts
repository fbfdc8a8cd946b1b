import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { Fault } from '../kernel/index.ts';
import type { Selection } from './connector-file.ts';
import type { HttpBinding } from './definition.ts';
import { importOpenapi } from './import-openapi.ts';

const pets = {
  openapi: '3.0.3',
  info: { title: ' Pets\u200B ', description: 'All about pets.' },
  paths: {
    '/pets': {
      get: {
        operationId: 'listPets',
        tags: ['read'],
        summary: 'List pets',
        responses: { 200: { description: '' } },
      },
      post: {
        operationId: 'addPet',
        tags: ['write'],
        description: 'Adds a pet.',
        responses: { 204: { description: '' } },
      },
    },
    '/pets/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      get: { operationId: 'pets/get' },
      put: { operationId: 'replacePet' },
      patch: { operationId: 'changePet' },
      delete: { operationId: 'removePet' },
      head: {},
      options: {},
    },
  },
};

const namesOf = (include?: Selection) => importOpenapi(pets, { include }).tools.map(({ name }) => name);

test('tells by the method what a call does', () => {
  const seen = importOpenapi(pets).tools.map(({ binding, effect, confirm, idempotent }) => [
    (binding as HttpBinding).method,
    effect,
    confirm,
    idempotent,
  ]);
  assert.deepEqual(seen, [
    ['GET', 'read', false, true],
    ['POST', 'write', false, false],
    ['GET', 'read', false, true],
    ['PUT', 'write', false, true],
    ['DELETE', 'destructive', true, true],
    ['OPTIONS', 'read', false, true],
    ['HEAD', 'read', false, true],
    ['PATCH', 'write', false, false],
  ]);
});

test('takes title and description, and warns where there are none', () => {
  const { title, description, tools, warnings } = importOpenapi(pets);
  assert.deepEqual([title, description], ['Pets', 'All about pets.']);
  assert.deepEqual([tools[0]!.title, tools[0]!.description], ['List pets', 'List pets']);
  assert.deepEqual([tools[1]!.title, tools[1]!.description], [null, 'Adds a pet.']);
  const of = (tool: string) => warnings.filter((each) => each.tool === tool).map(({ warning }) => warning);
  assert.deepEqual(of('listPets'), ['Its reply has no schema.']);
  assert.deepEqual(of('addPet'), []);
  assert.deepEqual(of('pets_get'), ['It has no description.', 'Its reply has no schema.']);
});

test('selects by tag, path, prefix, operation id, method and path, and tool name', () => {
  assert.deepEqual(namesOf({ tags: ['write'] }), ['addPet']);
  assert.deepEqual(namesOf({ paths: ['/pets'] }), ['listPets', 'addPet']);
  assert.equal(namesOf({ paths: ['/pets/*'] }).length, 6);
  assert.deepEqual(namesOf({ operations: ['pets/get', 'POST /pets', 'pets_get', 'replacePet'] }), [
    'addPet',
    'pets_get',
    'replacePet',
  ]);
  assert.deepEqual(namesOf({ tags: ['read'], operations: ['removePet'] }), ['listPets', 'removePet']);
  assert.equal(namesOf({}).length, 8);
});

test('refuses a selection of what is not there, naming each entry', () => {
  assert.throws(
    () => namesOf({ tags: ['read', 'raed'], paths: ['/cats/*'], operations: ['get /pets'] }),
    (error: unknown) => {
      assert.ok(error instanceof Fault && error.kind === 'invalid');
      const places = error.problems.map(({ path, input }) => [path.join('.'), input]);
      assert.deepEqual(places, [
        ['include.tags.1', 'raed'],
        ['include.paths.0', '/cats/*'],
        ['include.operations.0', 'get /pets'],
      ]);
      assert.match(error.message, /"raed"/);
      return true;
    },
  );
});

test('names tools alike whatever is selected and in whatever order they stand', () => {
  const clash = { '/a': { get: { operationId: 'x y' } }, '/b': { get: { operationId: 'x/y' } } };
  const all = importOpenapi({ openapi: '3.1.0', paths: clash }).tools.map(({ name }) => name);
  const one = importOpenapi({ openapi: '3.1.0', paths: clash }, { include: { paths: ['/b'] } }).tools.map(
    ({ name }) => name,
  );
  const turned = importOpenapi({
    openapi: '3.1.0',
    paths: { '/b': clash['/b'], '/a': clash['/a'] },
  }).tools.map(({ name }) => name);
  assert.deepEqual(one, [all[1]]);
  assert.deepEqual(turned, all.toReversed());
});

test('leaves out a broken operation with its reason and harms no other', () => {
  const { tools, leftOut } = importOpenapi({
    openapi: '3.1.0',
    paths: {
      '/ok': { get: { operationId: 'ok' } },
      '/parameter': { get: { parameters: [{ $ref: '#/components/parameters/None' }] } },
      '/nameless': { get: { parameters: [{ in: 'query' }] } },
      '/place': { get: { parameters: [{ name: 'a', in: 'body' }] } },
      '/style': { get: { parameters: [{ name: 'a', in: 'header', style: 'deepObject' }] } },
      '/line': { get: { parameters: [{ name: 'a\r\nb', in: 'header' }] } },
      '/text': { get: 'list' },
      '/item': { $ref: '#/components/pathItems/None' },
      '/a/../b': { get: {} },
      '/q?x=1': { get: {} },
      'no-slash': { get: {} },
    },
  });
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['ok'],
  );
  assert.deepEqual(leftOut.map(({ operation }) => operation), [
    'GET /parameter', 'GET /nameless', 'GET /place', 'GET /style', 'GET /line', 'GET /text', 'GET /item', 'GET /a/../b', 'GET /q?x=1', 'GET no-slash',
  ]); // prettier-ignore
  for (const { reason } of leftOut) assert.match(reason, /\.$/);
});

test('follows references to path items, parameters, bodies and replies', () => {
  const { tools, leftOut } = importOpenapi({
    openapi: '3.1.0',
    paths: { '/a/{id}': { $ref: '#/components/pathItems/A' } },
    components: {
      pathItems: {
        A: {
          post: {
            operationId: 'a',
            parameters: [{ $ref: '#/components/parameters/Id' }],
            requestBody: { $ref: '#/components/requestBodies/B' },
            responses: { 404: {}, '2XX': { $ref: '#/components/responses/R' } },
          },
        },
      },
      parameters: { Id: { name: 'id', in: 'path', required: true, schema: { type: 'integer' } } },
      requestBodies: {
        B: {
          content: {
            'application/json': { schema: { type: 'object', properties: { n: { type: 'number' } } } },
          },
        },
      },
      responses: { R: { content: { 'application/problem+json': { schema: { type: 'array' } } } } },
    },
  });
  assert.deepEqual(leftOut, []);
  assert.deepEqual(Object.keys(tools[0]!.inputSchema['properties'] as object), ['id', 'n']);
  assert.deepEqual(tools[0]!.outputSchema, { type: 'array' });
});

test('reads Swagger 2.0', () => {
  const { tools, leftOut } = importOpenapi({
    swagger: '2.0',
    host: 'example.com',
    consumes: ['application/json'],
    paths: {
      '/pets/{id}': {
        post: {
          operationId: 'update',
          parameters: [
            { name: 'id', in: 'path', required: true, type: 'integer', format: 'int64' },
            { name: 'tags', in: 'query', type: 'array', items: { type: 'string' }, collectionFormat: 'multi' },
            { name: 'ids', in: 'query', type: 'array', items: { type: 'string' } },
            { name: 'pipes', in: 'query', type: 'array', items: { type: 'string' }, collectionFormat: 'pipes' },
            { name: 'pet', in: 'body', required: true, schema: { $ref: '#/definitions/Pet' } },
          ],
          responses: { 200: { description: '', schema: { $ref: '#/definitions/Pet' } } },
        },
      },
      '/upload': {
        post: {
          operationId: 'upload',
          consumes: ['multipart/form-data'],
          parameters: [
            { name: 'file', in: 'formData', type: 'file', required: true, description: 'The picture.' },
            { name: 'note', in: 'formData', type: 'string' },
          ],
        },
      },
      '/form': { post: { operationId: 'form', parameters: [{ name: 'a', in: 'formData', type: 'array', items: { type: 'string' } }] } },
      '/tsv': { get: { parameters: [{ name: 'a', in: 'query', type: 'array', collectionFormat: 'tsv' }] } },
    },
    definitions: { Pet: { type: 'object', required: ['name'], properties: { name: { type: 'string', 'x-nullable': true } } } },
  }); // prettier-ignore
  assert.deepEqual(
    leftOut.map(({ operation }) => operation),
    ['GET /tsv'],
  );
  const [update, upload, form] = tools;
  assert.deepEqual(update!.inputSchema['required'], ['id', 'name']);
  assert.deepEqual((update!.inputSchema['properties'] as { name: unknown }).name, {
    type: ['string', 'null'],
  });
  const styles = (update!.binding as HttpBinding).parameters.map(({ name, style, explode }) => [
    name,
    style,
    explode,
  ]);
  assert.deepEqual(styles, [
    ['id', 'simple', false],
    ['tags', 'form', true],
    ['ids', 'form', false],
    ['pipes', 'pipeDelimited', false],
  ]);
  assert.equal(update!.outputSchema!['type'], 'object');
  const file = (upload!.inputSchema['properties'] as { file: unknown }).file;
  assert.deepEqual(file, {
    type: 'string',
    contentEncoding: 'base64',
    description: 'The picture. Base64-encoded bytes.',
  });
  assert.equal((upload!.binding as HttpBinding).body!.contentType, 'multipart/form-data');
  const body = (form!.binding as HttpBinding).body!;
  assert.equal(body.contentType, 'application/x-www-form-urlencoded');
  assert.equal(body.encoding['a']!.explode, false);
});

test("makes tools of Notion's own description, every schema of them valid", () => {
  const file = new URL(
    '../../node_modules/@notionhq/notion-mcp-server/scripts/notion-openapi.json',
    import.meta.url,
  );
  const { tools, leftOut, baseUrl, auth } = importOpenapi(readFileSync(file, 'utf8'));
  assert.equal(tools.length, 24);
  assert.deepEqual(leftOut, []);
  assert.equal(baseUrl, 'https://api.notion.com');
  assert.deepEqual(auth, [{ type: 'bearer' }]);
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const tool of tools) {
    ajv.compile(tool.inputSchema);
    if (tool.outputSchema) ajv.compile(tool.outputSchema);
  }
  const search = tools.find(({ name }) => name === 'post-search')!;
  assert.ok('query' in (search.inputSchema['properties'] as object));
});

test('changes nothing of the document it is given', () => {
  const before = JSON.stringify(pets);
  importOpenapi(pets);
  assert.equal(JSON.stringify(pets), before);
});

const word = fc.constantFrom(
  'type', 'properties', 'items', 'allOf', 'oneOf', '$ref', 'enum', 'required', 'nullable', 'parameters', 'name', 'in', 'schema', 'content',
  'application/json', 'multipart/form-data', 'requestBody', 'responses', '200', 'get', 'post', 'servers', 'url', 'security', 'tags', '__proto__',
  'constructor', 'style', 'pattern', 'additionalProperties', 'readOnly', 'default', 'operationId', 'description', 'collectionFormat', 'explode',
); // prettier-ignore
const scalar = fc.oneof(
  fc.constantFrom('object', 'array', 'string', 'query', 'path', 'body', 'formData', 'id', '#/components/schemas/A', '#/components/schemas/B', '#/', '#', '('),
  fc.boolean(), fc.integer(), fc.constant(null), fc.string(),
); // prettier-ignore
const { node } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.dictionary(word, tie('node'), { maxKeys: 5 }),
    fc.array(tie('node'), { maxLength: 3 }),
  ),
}));
const documents = fc.record({
  openapi: fc.constantFrom('3.0.3', '3.1.0'),
  servers: node,
  security: node,
  paths: fc.dictionary(
    fc.constantFrom('/a', '/b/{id}', '/c', 'x'),
    fc.dictionary(fc.constantFrom('get', 'post', 'parameters', '$ref'), node),
  ),
  components: fc.record({ schemas: fc.record({ A: node, B: node }), securitySchemes: node }),
});
const schemaDocuments = fc.tuple(fc.constantFrom('3.0.3', '3.1.0'), node, node, node).map(([openapi, schema, a, b]) => ({
  openapi,
  paths: { '/a': { post: { requestBody: { content: { 'application/json': { schema } } }, responses: { 200: { content: { 'application/json': { schema } } } } } } },
  components: { schemas: { A: a, B: b } },
})); // prettier-ignore
const swaggers = fc.tuple(node, node, node).map(([parameters, responses, definitions]) => ({
  swagger: '2.0',
  paths: {
    '/a/{id}': { post: { parameters: Array.isArray(parameters) ? parameters : [parameters], responses } },
  },
  definitions,
}));

test('throws nothing but Faults and answers the same twice, whatever the document', () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false });
  fc.assert(
    fc.property(fc.oneof(documents, schemaDocuments, swaggers, node), (document) => {
      const source = JSON.stringify(document) ?? 'null';
      try {
        const first = importOpenapi(source);
        assert.deepEqual(importOpenapi(source), first);
        for (const { inputSchema, outputSchema } of first.tools) {
          assert.equal(inputSchema['type'], 'object');
          for (const schema of [inputSchema, outputSchema]) {
            if (schema) assert.ok(ajv.validateSchema(schema), JSON.stringify([schema, ajv.errors]));
          }
        }
      } catch (error) {
        if (!(error instanceof Fault)) throw error;
        assert.equal(error.kind, 'invalid');
      }
    }),
    { numRuns: 1500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import type { HttpBinding } from './definition.ts';
import type { ImportOptions } from './import-openapi.ts';
import { importOpenapi } from './import-openapi.ts';

const read = (root: object, options: ImportOptions = {}, operation: object = {}, item: object = {}) =>
  importOpenapi({ openapi: '3.1.0', paths: { '/a': { ...item, get: operation } }, ...root }, options);
const documentUrl = 'https://docs.example.com/v1/openapi.json';

test('fills server variables with their defaults', () => {
  const servers = [
    {
      url: 'https://{region}.example.com/{base}/',
      variables: { region: { default: 'eu' }, base: { default: 'v2' } },
    },
  ];
  assert.equal(read({ servers }).baseUrl, 'https://eu.example.com/v2');
});

test('takes the first server that can be spoken to', () => {
  const urls = [
    'wss://example.com',
    'https://user:secret@example.com',
    'https://{missing}.example.com',
    'http://example.com:8080/x?y=1#z',
  ];
  assert.equal(read({ servers: urls.map((url) => ({ url })) }).baseUrl, 'http://example.com:8080/x');
  assert.equal(read({ servers: [{ url: 'javascript:alert(1)' }, null, 5, {}] }).baseUrl, null);
});

test('resolves relative servers against where the document was read', () => {
  assert.equal(read({ servers: [{ url: '/v3' }] }, { documentUrl }).baseUrl, 'https://docs.example.com/v3');
  assert.equal(read({ servers: [{ url: '../v3' }] }, { documentUrl }).baseUrl, 'https://docs.example.com/v3');
  assert.equal(read({}, { documentUrl }).baseUrl, 'https://docs.example.com');
  assert.equal(read({ servers: [{ url: '/v3' }] }).baseUrl, null);
  assert.equal(read({}).baseUrl, null);
});

test('prefers the address that was given, and refuses one that is none', () => {
  const servers = [{ url: 'https://example.com' }];
  assert.equal(
    read({ servers }, { baseUrl: 'https://staging.example.com/x/' }).baseUrl,
    'https://staging.example.com/x',
  );
  for (const baseUrl of ['ftp://example.com', 'example.com', '/v1', 'https://a:b@example.com']) {
    assert.throws(
      () => read({ servers }, { baseUrl }),
      (error: unknown) =>
        error instanceof Fault && error.kind === 'invalid' && error.problems[0]?.path[0] === 'base_url',
    );
  }
});

test("gives an operation its own server, the operation's before the path's", () => {
  const servers = [{ url: 'https://example.com' }];
  const server = (operation: object, item: object) =>
    (read({ servers }, {}, operation, item).tools[0]!.binding as HttpBinding).server;
  const uploads = { servers: [{ url: 'https://uploads.example.com/' }] };
  assert.equal(server({}, uploads), 'https://uploads.example.com');
  assert.equal(server({ servers: [{ url: '/v2' }] }, uploads), 'https://example.com/v2');
  assert.equal(server({ servers: [{ url: 'https://example.com/' }] }, {}), null);
  assert.equal(server({}, {}), null);
  assert.match(read({ servers }, {}, { servers: [{ url: 'ws://x' }] }).leftOut[0]!.reason, /server/);
});

test('reads host, basePath and schemes of Swagger 2.0', () => {
  const swagger = (root: object, options: ImportOptions = {}) =>
    importOpenapi({ swagger: '2.0', paths: { '/a': { get: {} } }, ...root }, options).baseUrl;
  assert.equal(
    swagger({ host: 'example.com', basePath: '/v2', schemes: ['http', 'https'] }),
    'https://example.com/v2',
  );
  assert.equal(swagger({ host: 'example.com:81', schemes: ['http'] }), 'http://example.com:81');
  assert.equal(swagger({ basePath: 'v2' }, { documentUrl }), 'https://docs.example.com/v2');
  assert.equal(swagger({ host: 'evil.com/@example.com' }), null);
  assert.equal(swagger({}), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importOpenapi } from './import-openapi.ts';

const read = (securitySchemes: object, root: object = {}, operation: object = {}) =>
  importOpenapi({
    openapi: '3.1.0',
    paths: { '/a': { get: operation } },
    components: { securitySchemes },
    ...root,
  });

const flow = {
  authorizationUrl: 'https://example.com/authorize',
  tokenUrl: 'https://example.com/token',
  scopes: { read: 'Read' },
};

test('reads schemes as sign-in methods, the least effort first', () => {
  const { auth, warnings } = read({
    oauth: { type: 'oauth2', flows: { authorizationCode: flow, clientCredentials: flow } },
    basic: { type: 'http', scheme: 'Basic' },
    key: { type: 'apiKey', in: 'header', name: 'X-Key' },
    bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
  });
  assert.deepEqual(
    auth.map(({ type }) => type),
    ['bearer', 'api_key', 'basic', 'oauth2_client_credentials', 'oauth2'],
  );
  assert.deepEqual(auth[1], { type: 'api_key', in: 'header', name: 'X-Key' });
  const last = auth[4]!;
  assert.ok(last.type === 'oauth2' && last.token_url === flow.tokenUrl && last.scopes[0] === 'read');
  assert.deepEqual(
    warnings.filter(({ tool }) => tool === null),
    [],
  );
});

test('says which schemes it cannot use', () => {
  const { auth, warnings } = read({
    oidc: { type: 'openIdConnect', openIdConnectUrl: 'https://example.com/.well-known/openid-configuration' },
    digest: { type: 'http', scheme: 'digest' },
    implicit: { type: 'oauth2', flows: { implicit: flow } },
    broken: { $ref: '#/components/securitySchemes/missing' },
  });
  assert.deepEqual(auth, [{ type: 'none' }]);
  const ours = warnings.filter(({ tool }) => tool === null).map(({ warning }) => warning);
  for (const name of ['oidc', 'digest', 'implicit', 'broken'])
    assert.ok(ours.some((warning) => warning.includes(`"${name}"`)));
});

test('takes only the schemes that operations ask for', () => {
  const schemes = {
    a: { type: 'http', scheme: 'bearer' },
    b: { type: 'http', scheme: 'basic' },
    c: { type: 'apiKey', in: 'query', name: 'k' },
  };
  assert.deepEqual(read(schemes, { security: [{ a: [] }] }).auth, [{ type: 'bearer' }]);
  assert.deepEqual(read(schemes, {}, { security: [{ b: [] }] }).auth, [{ type: 'basic' }]);
  const several = read(schemes, { security: [{ a: [], c: [] }] });
  assert.deepEqual(
    several.auth.map(({ type }) => type),
    ['bearer', 'api_key'],
  );
  assert.ok(several.warnings.some(({ warning }) => warning.includes('several sign-in methods')));
});

test('is none without schemes', () => {
  assert.deepEqual(read({}).auth, [{ type: 'none' }]);
});

test("reads Swagger 2.0's security definitions", () => {
  const { auth } = importOpenapi({
    swagger: '2.0',
    paths: { '/a': { get: {} } },
    securityDefinitions: {
      b: { type: 'basic' },
      k: { type: 'apiKey', in: 'query', name: 'key' },
      o: { type: 'oauth2', flow: 'accessCode', ...flow },
      i: { type: 'oauth2', flow: 'implicit', ...flow },
    },
  });
  assert.deepEqual(
    auth.map(({ type }) => type),
    ['api_key', 'basic', 'oauth2'],
  );
});

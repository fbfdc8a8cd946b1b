import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../kernel/index.ts';
import type { HttpBinding } from './definition.ts';
import { hashConnectorFile, parseConnectorFile } from './parse-connector-file.ts';

const tool = {
  name: 'get_thing',
  title: 'Get a thing',
  description: 'Returns a thing.',
  request: 'GET /things/{id}',
  effect: 'read',
  input: {
    id: { in: 'path', type: 'integer' },
    page_size: { in: 'query', wire_name: 'page[size]', type: 'integer' },
  },
};

const written = {
  slug: 'things',
  version: 1,
  name: 'Things',
  description: 'A service of things.',
  categories: ['files'],
  source_url: null,
  logo_url: null,
  changelog: 'First release.',
  kind: 'http',
  base_url: 'https://{sub}.example.com',
  config: [{ name: 'sub', display_name: 'Subdomain', type: 'string', required: true }],
  auth: [{ type: 'bearer' }],
  headers: { 'Api-Version': '1' },
  tools: [tool],
};

/** The places of all problems, as dotted paths with their types. */
function problemsOf(value: unknown): readonly string[] {
  try {
    parseConnectorFile(value);
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'invalid', String(error));
    return error.problems.map(({ path, type }) => `${path.join('.')} ${type}`);
  }
  return [];
}
const withTool = (more: object) => ({ ...written, tools: [tool, { ...tool, name: 'other', ...more }] });

test('turns a readable tool into its definition', () => {
  const file = parseConnectorFile(withTool({
    request: 'POST /things/{id}',
    effect: 'write',
    confirm: true,
    headers: { 'api-version': '2' },
    input: { id: { in: 'path', type: 'integer' }, name: { in: 'body', wire_name: 'Name', type: 'string' } },
    required: ['name'],
    output: { type: 'object' },
  })); // prettier-ignore
  const [first, second] = file.tools;
  assert.deepEqual(first!.inputSchema, {
    type: 'object',
    properties: { id: { type: 'integer' }, page_size: { type: 'integer' } },
    required: ['id'],
    additionalProperties: false,
  });
  const binding = first!.binding as HttpBinding;
  assert.deepEqual([binding.method, binding.path, binding.body], ['GET', '/things/{id}', null]);
  assert.deepEqual(
    binding.parameters.map(({ field, name }) => [field, name]),
    [
      ['id', 'id'],
      ['page_size', 'page[size]'],
    ],
  );
  assert.deepEqual(binding.fixedHeaders, { 'api-version': '1' });
  assert.deepEqual(
    [first!.confirm, first!.idempotent, second!.confirm, second!.idempotent],
    [false, true, true, false],
  );
  assert.deepEqual(second!.inputSchema['required'], ['id', 'name']);
  assert.deepEqual((second!.binding as HttpBinding).body!.members, { name: 'Name' });
  assert.deepEqual((second!.binding as HttpBinding).fixedHeaders, { 'api-version': '2' });
});

test('names the exact place of every problem', () => {
  const { name: _name, ...nameless } = written;
  assert.deepEqual(problemsOf(nameless), ['name missing']);
  assert.deepEqual(problemsOf({ ...written, version: '1', extra: 1 }), [
    'extra extra_forbidden',
    'version wrong_type',
  ]);
  assert.deepEqual(problemsOf(withTool({ request: 'FETCH /a' })), ['tools.1.request value_error']);
  assert.deepEqual(problemsOf(withTool({ input: { id: { type: 'string' } } })), [
    'tools.1.input.id.in missing',
  ]);
  assert.deepEqual(problemsOf({ ...written, auth: [{ type: 'api_key', in: 'header' }] }), [
    'auth.0.name missing',
  ]);
  assert.deepEqual(problemsOf({ ...written, auth: [{ type: 'magic' }] }), ['auth.0 value_error']);
  assert.deepEqual(problemsOf('text'), [' wrong_type']);
});

test('refuses what a schema cannot see', () => {
  const { id } = tool.input;
  assert.deepEqual(problemsOf({ ...written, slug: 'openapi' }), ['slug value_error']);
  assert.deepEqual(problemsOf({ ...written, tools: [tool, tool] }), ['tools.1.name value_error']);
  assert.deepEqual(problemsOf({ ...written, config: [] }), ['base_url value_error']);
  assert.deepEqual(problemsOf({ ...written, base_url: 'file:///x' }), ['base_url value_error']);
  assert.deepEqual(problemsOf({ ...written, kind: 'mcp' }), ['tools value_error']);
  assert.deepEqual(problemsOf({ ...written, identity: { tool: 'none', label: 'a' } }), [
    'identity.tool value_error',
  ]);
  assert.deepEqual(problemsOf({ ...written, headers: { Authorization: 'x' } }), [
    'headers.Authorization value_error',
  ]);
  assert.deepEqual(problemsOf(withTool({ request: 'GET /things' })), ['tools.1.input.id value_error']);
  assert.deepEqual(problemsOf(withTool({ request: 'GET /{id}/{other}' })), ['tools.1.request value_error']);
  assert.deepEqual(problemsOf(withTool({ request: 'GET /../{id}' })), ['tools.1.request value_error']);
  assert.deepEqual(problemsOf(withTool({ required: ['none'] })), ['tools.1.required.0 value_error']);
  assert.deepEqual(problemsOf(withTool({ input: { id, host: { in: 'header' } } })), [
    'tools.1.input.host value_error',
  ]);
  assert.deepEqual(problemsOf(withTool({ input: { id, a: { in: 'query', type: 'text' } } })), [
    'tools.1.input.a.type value_error',
  ]);
  assert.deepEqual(problemsOf(withTool({ input: { id, a: { in: 'query', 'in Markdown': null } } })), [
    'tools.1.input.a.in Markdown extra_forbidden',
  ]);
  assert.deepEqual(problemsOf(withTool({ output: { items: { typo: 1 } } })), [
    'tools.1.output.items.typo extra_forbidden',
  ]);
  assert.deepEqual(
    problemsOf(withTool({ input: { id, a: { in: 'query' }, b: { in: 'query', wire_name: 'a' } } })),
    ['tools.1.input.b value_error'],
  );
});

const oauth = {
  type: 'oauth2',
  authorization_url: 'https://{sub}.example.com/authorize',
  token_url: 'https://{sub}.example.com/token',
  scopes: ['read'],
  pkce: true,
  client_auth: 'client_secret_post',
  rotation: true,
  margin_seconds: 60,
};

test('takes what a service does in its own way when it gives tokens', () => {
  const paths = { access_token: 'authed_user.access_token', scope: 'authed_user.scope' };
  const auth = [
    {
      ...oauth,
      scope_separator: ',',
      issuer: 'https://{sub}.example.com',
      token_paths: paths,
      token_format: 'json',
      token_headers: { 'Api-Version': '2' },
    },
    {
      type: 'oauth2_client_credentials',
      token_url: 'https://example.com/token',
      scopes: [],
      client_auth: 'client_secret_post',
      margin_seconds: 30,
      token_params: { audience: 'https://api.example.com' },
      token_paths: { access_token: 'data.token' },
    },
    { type: 'mcp_oauth', scopes: ['files:read'] },
  ];
  assert.deepEqual(parseConnectorFile({ ...written, auth }).auth, auth);
});

test('refuses sign-in methods that would take a safeguard away', () => {
  const withMethod = (more: object) => problemsOf({ ...written, auth: [{ ...oauth, ...more }] });
  assert.deepEqual(withMethod({ authorization_params: { code_challenge: 'x' } }), [
    'auth.0.authorization_params.code_challenge value_error',
  ]);
  assert.deepEqual(withMethod({ token_headers: { Authorization: 'x' } }), [
    'auth.0.token_headers.Authorization value_error',
  ]);
  assert.deepEqual(withMethod({ token_paths: { access_token: 'a..b' } }), [
    'auth.0.token_paths.access_token value_error',
  ]);
  assert.deepEqual(withMethod({ revocation_url: 'https://{other}.example.com/' }), [
    'auth.0.revocation_url value_error',
  ]);
  const machine = { type: 'oauth2_client_credentials', token_url: 'https://example.com/token', scopes: [] };
  const params = { ...machine, token_params: { grant_type: 'password' } };
  assert.deepEqual(problemsOf({ ...written, auth: [params] }), [
    'auth.0.token_params.grant_type value_error',
  ]);
});

test('hashes what the file says, not how its keys are ordered', () => {
  const file = parseConnectorFile(written);
  const turned = parseConnectorFile(Object.fromEntries(Object.entries(written).toReversed()));
  assert.equal(hashConnectorFile(file), hashConnectorFile(turned));
  assert.notEqual(hashConnectorFile(file), hashConnectorFile({ ...file, version: 2 }));
  assert.match(hashConnectorFile(file), /^[0-9a-f]{64}$/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../../kernel/index.ts';
import { authorizationUrl } from './authorization-url.ts';
import { readServer } from './read-server.ts';
import { serverOf } from './server-of.ts';

const issuer = 'https://auth.example.com';
const document = {
  issuer,
  authorization_endpoint: `${issuer}/authorize?tenant=1`,
  token_endpoint: `${issuer}/token`,
  code_challenge_methods_supported: ['S256'],
};
const read = (more: object = {}) => readServer({ ...document, ...more }, issuer, 'https://mcp.example.com');
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof Fault && error.kind === 'upstream', String(error));
    return error.code;
  }
  return 'none';
};

test('reads metadata as a server to use', () => {
  assert.deepEqual(read().clientAuths, ['client_secret_basic']);
  const server = read({
    registration_endpoint: `${issuer}/register`,
    token_endpoint_auth_methods_supported: ['private_key_jwt', 'none', 'client_secret_post'],
    client_id_metadata_document_supported: true,
    authorization_response_iss_parameter_supported: true,
  });
  assert.deepEqual(server.clientAuths, ['client_secret_post', 'none']);
  assert.deepEqual(
    [server.registrationUrl, server.revocationUrl, server.takesMetadataDocument, server.sendsIssuer],
    [`${issuer}/register`, null, true, true],
  );
});

test('refuses another issuer, letter for letter', () => {
  for (const other of [`${issuer}/`, 'https://AUTH.example.com', 'https://auth.example.com:443', undefined]) {
    assert.equal(
      codeOf(() => read({ issuer: other })),
      'oauth_unsafe',
      String(other),
    );
  }
});

test('refuses a server that does not say it takes PKCE with S256', () => {
  for (const methods of [undefined, [], ['plain'], 'S256']) {
    assert.equal(
      codeOf(() => read({ code_challenge_methods_supported: methods })),
      'oauth_unsafe',
    );
  }
});

test('refuses addresses that are no page, or would carry a token in the open', () => {
  for (const bad of ['javascript:alert(1)', 'http://auth.example.com/token', 'data:text/html,x', 7]) {
    for (const name of ['authorization_endpoint', 'token_endpoint', 'revocation_endpoint']) {
      assert.equal(
        codeOf(() => read({ [name]: bad })),
        'oauth_unsafe',
        `${name} ${bad}`,
      );
    }
  }
});

test('says of what it does not speak that it found nothing usable', () => {
  for (const more of [
    { token_endpoint: undefined },
    { response_types_supported: ['token'] },
    { token_endpoint_auth_methods_supported: ['private_key_jwt'] },
  ]) {
    assert.equal(
      codeOf(() => read(more)),
      'oauth_undiscovered',
    );
  }
});

const request = { redirectUri: 'https://crib.example/cb', state: 's', challenge: 'c', scopes: ['a', 'b'] };
const client = { clientId: 'me', auth: 'none', secretId: null } as const;

test('writes the page a person is sent to', () => {
  const url = new URL(authorizationUrl(read(), client, request));
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    tenant: '1',
    response_type: 'code',
    client_id: 'me',
    redirect_uri: 'https://crib.example/cb',
    state: 's',
    scope: 'a b',
    code_challenge: 'c',
    code_challenge_method: 'S256',
    resource: 'https://mcp.example.com',
  });
});

test('begins no authorization without PKCE unless the connector file says the service lacks it', () => {
  const without = { ...request, challenge: null };
  assert.equal(
    codeOf(() => authorizationUrl(read(), client, without)),
    'oauth_unsafe',
  );
  const url = new URL(authorizationUrl({ ...read(), pkce: false }, client, without));
  assert.equal(url.searchParams.get('code_challenge'), null);
});

test('reads a connector file’s method as a server, its addresses filled', () => {
  const server = serverOf(
    {
      type: 'oauth2',
      authorization_url: 'https://{sub}.example.com/authorize',
      token_url: 'https://{sub}.example.com/token',
      scopes: ['a', 'b'],
      pkce: false,
      client_auth: 'client_secret_post',
      rotation: true,
      margin_seconds: 300,
      scope_separator: ',',
      authorization_params: { owner: 'user', state: 'fixed' },
    },
    (text) => text.replace('{sub}', 'acme'),
  );
  assert.deepEqual(
    [server.tokenUrl, server.marginSeconds, server.issuer],
    ['https://acme.example.com/token', 300, null],
  );
  const url = new URL(authorizationUrl(server, client, { ...request, challenge: null }));
  assert.equal(url.searchParams.get('scope'), 'a,b');
  assert.equal(url.searchParams.get('owner'), 'user');
  assert.equal(url.searchParams.get('state'), 's');
  const machine = serverOf({
    type: 'oauth2_client_credentials',
    token_url: 'https://e.example/t',
    scopes: [],
  });
  assert.deepEqual(
    [machine.authorizationUrl, machine.clientAuths, machine.marginSeconds],
    [null, ['client_secret_basic'], 60],
  );
});

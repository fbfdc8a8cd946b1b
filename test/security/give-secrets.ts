import assert from 'node:assert/strict';
import { modern } from '../contracts/mcp-counter.ts';
import type { Fake } from '../fakes/http-service.ts';
import type { ScriptedMcp } from '../fakes/scripted-mcp.ts';
import type { Server } from '../processes.ts';
import { documentOf } from './echoes.ts';
import type { SecretName } from './find-secrets.ts';

/** Tests look into answers of many shapes. */
type Loose = ReturnType<typeof JSON.parse>;
type Collected = { title: string; text: string }[];

/** Gives every secret, uses them, and reads everything back. */
export async function giveSecrets(
  server: Server,
  admin: string,
  echo: Fake,
  mcp: ScriptedMcp,
  secrets: Record<SecretName, string>,
) {
  const collected: Collected = [];
  const keys: Record<string, string> = {};
  const keep = (title: string, headers: Headers, text: string): void => {
    collected.push({ title, text: `${[...headers].map((pair) => pair.join(': ')).join('\n')}\n\n${text}` });
  };
  const ask = async (
    method: string,
    path: string,
    body?: unknown,
    key = admin,
  ): Promise<{ status: number; json: Loose }> => {
    const answer = await server.ask(method, path, { key, body });
    // The one response that shows a key, a signing secret or a link: kept without what it is there to show.
    const shown =
      /"(?:key|admin_key|secret)":"((?:tck_|whsec_)[^"]+)"/.exec(answer.text)?.[1] ??
      /_url":"[^"]*\/connect\/([\w-]{20,})"/.exec(answer.text)?.[1];
    if (shown) keys[`key ${Object.keys(keys).length}`] = shown;
    keep(`${method} ${path}`, answer.headers, shown ? answer.text.replaceAll(shown, '') : answer.text);
    assert.ok(answer.status !== 500, `${method} ${path}: ${answer.text}`);
    return { status: answer.status, json: answer.json as Loose };
  };
  const made = async (method: string, path: string, body: unknown): Promise<Loose> => {
    const { status, json } = await ask(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${JSON.stringify(json)}`);
    return json.data ?? json;
  };

  const openapi = { kind: 'openapi', document: documentOf(echo.url) };
  const slugs: string[] = [];
  const add = async (path: string, body: object): Promise<Loose> => {
    const answer = await made('POST', path, body);
    const id = String(answer['id'] ?? answer['connection_id']);
    const connection = await made('GET', `/v1/connections/${id}`, undefined);
    slugs.push(String(connection['slug']));
    return connection;
  };
  const first = await add('/v1/connections', {
    ...openapi,
    nickname: 'bearer',
    auth: { type: 'bearer', token: secrets.bearer },
  });
  await add('/v1/connections', {
    ...openapi,
    nickname: 'key',
    auth: { type: 'api_key', api_key: secrets.apiKey, header: 'X-Odd-Key' },
  });
  await add('/v1/connections', {
    ...openapi,
    nickname: 'basic',
    auth: { type: 'basic', username: secrets.username, password: secrets.password },
  });
  await add('/v1/connections', {
    kind: 'openapi',
    nickname: 'fetched',
    document_url: `${echo.url}/doc.json?sig=${secrets.documentQuery}`,
  });
  await add('/v1/connections', {
    kind: 'mcp',
    nickname: 'mcp',
    server_url: `${mcp.url}?token=${secrets.queryValue}`,
    auth: { type: 'bearer', token: secrets.mcpBearer },
    headers: { 'X-Extra': secrets.mcpHeader },
  });
  await add('/v1/connections', {
    kind: 'mcp',
    nickname: 'mcp key',
    server_url: mcp.url,
    auth: { type: 'api_key', api_key: secrets.mcpApiKey, header: 'X-Mcp-Key' },
  });
  await add('/v1/connections', {
    kind: 'catalog',
    connector: 'slack',
    nickname: 'slack',
    credential: { token: secrets.catalog },
  });
  await add('/v1/integrations/connections/custom-mcp', {
    nickname: 'compat',
    server_url: mcp.url,
    auth_type: 'bearer',
    token: secrets.compatibleBearer,
    headers: { 'X-More': secrets.compatibleHeader },
  });
  const mended = await add('/v1/connections', {
    ...openapi,
    nickname: 'mended',
    auth: { type: 'bearer', token: secrets.replaced },
  });
  const anew = `/v1/connections/${String(mended['id'])}`;
  await made('POST', `${anew}/reconnect`, { credential: { token: secrets.reconnected } });
  await made('POST', `${anew}/test`, undefined);
  await made('POST', `${anew}/connect`, {});
  await ask('POST', `${anew}/reconnect`, { credential: { api_key: secrets.refused } });
  await ask('POST', `/v1/integrations/connections/${String(mended['id'])}/reconnect`, {
    api_key: secrets.refused,
    token: [secrets.refused],
  });
  const app = await made('POST', '/api/v1/application-credentials/', {
    connector_slug: 'slack',
    client_id: 'app',
    client_secret: secrets.appSecret,
  });
  await ask('POST', '/api/v1/application-credentials/', {
    connector_slug: 'nothing',
    client_id: 'app',
    client_secret: secrets.refused,
  });
  const client = { client_id: 'app', client_secret: secrets.clientSecret };
  await made('POST', '/v1/connections', { kind: 'catalog', connector: 'slack', method: 'oauth2', client });
  await made('POST', '/v1/integrations/connections', { integration_key: 'slack', nickname: 'asked' });
  await made('POST', '/v1/integrations/connections/custom-mcp', {
    nickname: 'oauth',
    server_url: mcp.url,
    auth_type: 'oauth',
    oauth_client_id: 'app',
    oauth_client_secret: secrets.mcpClientSecret,
    oauth_authorize_url: `${echo.url}/authorize`,
    oauth_token_url: `${echo.url}/token`,
  });
  await ask('POST', '/v1/integrations/connections/custom-mcp', {
    nickname: 'oauth',
    server_url: mcp.url,
    auth_type: 'oauth',
    oauth_client_secret: secrets.refused,
  });
  await ask('POST', '/v1/integrations/connections/custom-mcp/discover', {
    server_url: `http://u:${secrets.refused}@127.0.0.1/`,
  });
  const keepSecret = async (value: string): Promise<string> =>
    String((await made('POST', '/v1/orgs/default/vault/secrets', { name: 'kept', value }))['vault_id']);
  const kept = await keepSecret(secrets.kept);
  const referring = await add('/v1/connections', {
    ...openapi,
    nickname: 'referring',
    auth: { type: 'bearer', token: secrets.replaced },
  });
  const instances = '/v1/orgs/default/workspaces/default/tool-instances';
  await made('PUT', `${instances}/${String(referring['id'])}`, {
    credential_refs: { token: await keepSecret(secrets.vaulted) },
    action_defaults: { say: { pin: secrets.instanceDefault } },
    mcp_parameter_overrides: { say: { pin: { mode: 'pinned', value: secrets.instancePin } } },
  });
  const serving = { tool_id: 'custom_mcp', name: 'instance of a server' };
  const served = await ask('POST', instances, {
    ...serving,
    configuration: { server_url: `${mcp.url}?token=${secrets.instanceQuery}` },
  });
  assert.equal(served.status, 201, JSON.stringify(served.json));
  for (const server_url of [
    `nowhere?token=${secrets.refused}`,
    `ftp://127.0.0.1/?token=${secrets.refused}`,
    `http://127.0.0.1:1/?a=1&a=${secrets.refused}`,
    `http://10.0.0.1/?token=${secrets.refused}`,
  ]) {
    const refused = await ask('POST', instances, { ...serving, configuration: { server_url } });
    assert.equal(refused.status, 422, server_url.slice(0, 20));
  }
  for (const wrong of [
    { action_defaults: { say: { pin: [secrets.refused] } } },
    { mcp_parameter_overrides: { say: { pin: { default: [secrets.refused] } } } },
    { mcp_parameter_overrides: { say: { pin: { mode: 'none', value: secrets.refused } } } },
    { mcp_parameter_overrides: { say: { pin: { default: secrets.refused, hidden: true } } } },
    { action_defaults: { say: secrets.refused } },
    { mcp_parameter_overrides: { say: { pin: secrets.refused } } },
  ]) {
    assert.equal((await ask('PUT', `${instances}/${String(referring['id'])}`, wrong)).status, 422);
  }
  const asking = await made('POST', '/v1/connections', {
    kind: 'catalog',
    connector: 'slack',
    method: 'oauth2',
    nickname: 'asking',
  });
  await made('PUT', `${instances}/${String(asking['id'])}`, {
    connection_credentials: {
      client_id: 'app',
      client_secret_vault_id: await keepSecret(secrets.vaultedClientSecret),
    },
  });
  for (const body of [
    { name: 'x', value: secrets.refused, zz: 1 },
    { name: 7, value: secrets.refused },
    { name: 'x', value: { a: secrets.refused } },
    { name: 'x', value: secrets.refused, workspace_id: 'nowhere' },
  ]) {
    assert.equal((await ask('POST', '/v1/orgs/default/vault/secrets', body)).status, 422);
  }
  await ask('POST', '/v1/orgs/default/vault/secrets', secrets.refused);
  // Refused, each for something else that is wrong: the refusal must not repeat it either.
  for (const [path, body] of [
    [
      '/v1/connections',
      { ...openapi, nickname: 'x', zz: 1, auth: { type: 'bearer', token: secrets.refused } },
    ],
    ['/v1/connections', { ...openapi, nickname: 7, auth: { type: 'bearer', token: secrets.refused, zz: 1 } }],
    [
      '/v1/connections',
      { ...openapi, nickname: 'x', auth: { type: 'bearer', token: { a: secrets.refused } } },
    ],
    ['/v1/connections', { ...openapi, nickname: 'x', auth: secrets.refused }],
    ['/v1/connections', { kind: 'mcp', nickname: 'x', server_url: `http://u:${secrets.refused}@127.0.0.1/` }],
    ['/v1/connections', { kind: 'mcp', nickname: 'x', server_url: `http://10.0.0.1/?k=${secrets.refused}` }],
    [
      '/v1/connections',
      { kind: 'mcp', nickname: 'x', server_url: mcp.url, headers: { Host: secrets.refused } },
    ],
    ['/v1/connections', { kind: 'mcp', nickname: 'x', server_url: mcp.url, headers: secrets.refused }],
    [
      '/v1/connections',
      {
        kind: 'openapi',
        nickname: 'x',
        document: documentOf(echo.url),
        base_url: `http://u:${secrets.refused}@127.0.0.1/`,
      },
    ],
    [
      '/v1/integrations/connections/openapi',
      { nickname: 'x', document: documentOf(echo.url), base_url: `http://u:${secrets.refused}@127.0.0.1/` },
    ],
    [
      '/v1/integrations/connections/openapi',
      { nickname: 'x', document_url: `http://u:${secrets.refused}@127.0.0.1/` },
    ],
    [
      '/v1/integrations/connections/custom-mcp',
      { nickname: 'x', server_url: mcp.url, token: [secrets.refused] },
    ],
    [
      '/v1/integrations/connections/custom-mcp',
      { nickname: 'x', server_url: mcp.url, auth_type: 'none', token: secrets.refused },
    ],
  ] as const) {
    assert.ok((await ask('POST', path, body)).status >= 400, path);
  }
  const put = (body: object) => ask('PUT', '/v1/credentials', body);
  assert.ok((await put({ connection: 'nothing', fields: { token: secrets.refused } })).status >= 400);
  assert.ok((await put({ connection: first['slug'], fields: { password: secrets.refused } })).status >= 400);
  assert.ok((await put({ connection: first['slug'], fields: { token: [secrets.refused] } })).status >= 400);

  const user = await made('POST', '/v1/users', {
    origin_user_id: 'u',
    origin_user_name: 'u',
    shared_credential_group: { origin_company_id: 'c' },
  });
  for (const [owner, token] of [
    [{ type: 'user', id: user['id'] }, secrets.replaced],
    [{ type: 'user', id: user['id'] }, secrets.userToken],
    [{ type: 'company', id: 'c' }, secrets.companyToken],
  ] as const) {
    assert.equal((await put({ connection: first['slug'], owner, fields: { token } })).status, 200);
  }
  await made('POST', `/api/v1/registered-users/${String(user['id'])}/link-token/`, {
    connector: first['slug'],
  });
  await made('POST', `/v1/users/${String(user['id'])}/link`, { connection: first['slug'] });
  const tools = await made('GET', `/v1/connections/${String(first['id'])}/tools`, undefined);
  const tool = String(tools[0]!['id']);
  const curated = await made('PATCH', `/v1/tools/${tool}`, {
    inputs: { pin: { mode: 'pinned', value: secrets.pin } },
  });
  assert.ok(curated);
  await made('PATCH', `/v1/integrations/connections/${String(first['id'])}/tools/${tool}`, {
    input_defaults: {
      pin: { value: secrets.pin, type: 'pinned' },
      start: { value: secrets.default, type: 'default' },
    },
  });
  const pack = await made('POST', '/v1/packs', {
    name: 'all',
    entries: slugs.map((slug) => ({ slug, auth_scope: 'ORGANIZATION' })),
  });
  await made('PATCH', `/api/v1/tool-packs/${String(pack['id'])}/tool-input-overrides/`, [
    {
      connector_slug: first['slug'],
      tool_name: 'say',
      inputs: { packPin: { mode: 'pinned', value: secrets.packPin } },
    },
  ]);
  const own = await made('POST', '/v1/packs', {
    name: 'own',
    entries: [{ slug: first['slug'], auth_scope: 'INDIVIDUAL' }],
  });
  const shared = await made('POST', '/v1/packs', {
    name: 'shared',
    entries: [{ slug: first['slug'], auth_scope: 'SHARED' }],
  });
  const runtime = String((await made('POST', '/v1/keys', { scopes: ['runtime:all'] }))['id']);
  await ask('POST', `/v1/keys/${runtime}/regenerate`);
  await ask('POST', '/v1/orgs', { name: 'Another' });
  const hook = await made('POST', '/v1/webhooks', {
    url: `${echo.url}/hook?sig=${secrets.webhookQuery}`,
    events: ['call.denied', 'connection.status_changed'],
  });
  await made('POST', `/v1/webhooks/${String(hook['id'])}/rotate-secret`, undefined);
  await made('POST', `/v1/webhooks/${String(hook['id'])}/test`, undefined);
  await ask('POST', '/v1/webhooks', {
    url: `http://10.0.0.1/hook?sig=${secrets.refused}`,
    events: ['call.denied'],
  });
  const { json: repeated } = await ask('POST', '/v1/keys', { name: 'sealed' });
  assert.ok(repeated);

  const calls: [string, object][] = slugs
    .filter((slug) => slug !== 'slack')
    .flatMap((slug) =>
      [{}, { fail: 400 }, { fail: 401 }, { fail: 500 }, { note: 'x' }].map((args): [string, object] => [
        slug,
        { pack: pack['id'], tool: `${slug}__say`, arguments: args },
      ]),
    );
  calls.push([
    String(first['slug']),
    { pack: own['id'], tool: `${String(first['slug'])}__say`, user: user['id'] },
  ]);
  calls.push([
    String(first['slug']),
    { pack: shared['id'], tool: `${String(first['slug'])}__say`, user: user['id'] },
  ]);
  calls.push([
    String(first['slug']),
    { pack: pack['id'], tool: `${String(first['slug'])}__say`, arguments: { pin: 'guess' } },
  ]);
  for (const [, body] of calls) {
    await ask('POST', '/v1/calls', body);
    const { tool: name, arguments: args } = body as { tool: string; arguments?: object };
    const response = await fetch(
      `${server.url}/mcp/${String(pack['id'])}`,
      modern('tools/call', { name, arguments: args ?? {} }, { key: admin }),
    );
    keep(`MCP ${name}`, response.headers, await response.text());
  }
  // What an agent sends is told to the service, which says it back to the agent, and to nobody else.
  const heard = await add('/v1/connections', {
    ...openapi,
    nickname: 'heard',
    auth: { type: 'bearer', token: secrets.bearer },
  });
  const hearing = await made('POST', '/v1/packs', { name: 'heard', entries: [{ slug: heard['slug'] }] });
  for (const args of [{ note: secrets.argument }, { note: 'x', pin: secrets.secretArgument }]) {
    const body = { pack: hearing['id'], tool: `${String(heard['slug'])}__say`, arguments: args };
    assert.equal((await server.ask('POST', '/v1/calls', { key: admin, body })).status, 200);
  }
  const [{ id: tried }] = await made('GET', `/v1/connections/${String(heard['id'])}/tools`, undefined);
  for (const [method, path, body] of [
    ['PATCH', `/v1/tools/${tried}`, { inputs: { note: { mode: 'pinned', value: 'y' } } }],
    ['PATCH', `/v1/tools/${tried}`, { inputs: { pin: { mode: 'pinned', value: secrets.tried } } }],
    [
      'PUT',
      `/v1/packs/${String(hearing['id'])}/entries/${String(heard['slug'])}`,
      { overrides: { say: { inputs: { pin: { mode: 'hidden', value: secrets.tried } } } } },
    ],
    ['PUT', `${instances}/${String(heard['id'])}`, { action_defaults: { say: { pin: secrets.tried } } }],
  ] as const) {
    const impact = await made(method, `${path}?dry_run=true`, body);
    assert.equal(impact.tools.length, 1, `${method} ${path}`);
  }
  await ask('POST', `/v1/tools/${tool}/try`, { arguments: {} });
  await ask('POST', `/v1/tools/${tool}/try`, { pack: pack['id'], arguments: { fail: 500 } });
  await ask('POST', `/v1/integrations/connections/${String(first['id'])}/test-invoke`, {
    slug: `${String(first['slug'])}__say`,
    input: {},
  });
  await ask('POST', `/v1/connections/${String(first['id'])}/sync`);
  const list = await fetch(
    `${server.url}/mcp/${String(pack['id'])}`,
    modern('tools/list', {}, { key: admin }),
  );
  keep('MCP tools/list', list.headers, await list.text());

  // Everything that can be read.
  const { json: document } = await ask('GET', '/openapi.json', undefined, '');
  const values: Record<string, string> = { connections: String(first['id']), tools: tool, packs: String(pack['id']), 'tool-packs': String(pack['id']), entries: String(first['slug']), users: String(user['id']), 'registered-users': String(user['id']), orgs: 'default', catalog: 'slack', connectors: String(first['slug']), keys: runtime, 'access-keys': runtime, openapi: 'toolcrib', webhooks: String(hook['id']), 'application-credentials': String(app['id']), secrets: kept, workspaces: 'default', 'tool-instances': String(referring['id']) }; // prettier-ignore
  let read = 0;
  for (const [path, operations] of Object.entries(document['paths'] as object)) {
    if (!('get' in operations) || path.endsWith('/stream')) continue;
    const filled = path.replace(
      /(\w[\w-]*)\/\{(\w+)\}/g,
      (_whole, segment: string) => `${segment}/${values[segment] ?? 'none'}`,
    );
    const { status } = await ask('GET', filled);
    if (status === 200) read += 1;
  }
  assert.ok(read >= 40, `${read} routes read`);
  for (const path of [
    '/v1/calls?limit=100',
    '/v1/audit?limit=100',
    '/api/v1/audit-log/?page_size=100',
    '/api/v1/logs/api-calls/?page_size=100',
  ]) {
    await ask('GET', path);
  }
  return { collected, keys, calls: calls.length };
}

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { httpService, sendJson, type Fake, type SeenRequest } from '../fakes/http-service.ts';
import { startWorld, type World } from '../world.ts';

// Addresses that lead inside, in every field that takes one. What counts is that nobody there was asked.

describe('an address inside', () => {
  let world: World;
  /** Allowed, and leads elsewhere; the canary on another port of the same host is not. */
  let guide: Fake;
  let canary: Fake;
  let key: string;
  let slug: string;
  let leads: (seen: SeenRequest) => string | null;
  before(async () => {
    canary = await httpService((_seen, response) => sendJson(response, { openapi: '3.1.0' }));
    leads = () => null;
    guide = await httpService((seen, response) => {
      const where = leads(seen);
      if (where === null) return sendJson(response, { ok: true });
      return response.writeHead(Number(/status=(\d+)/.exec(seen.url)?.[1] ?? 302), { location: where }).end();
    });
    const environment = { TOOLCRIB_EGRESS_ALLOW: `127.0.0.1:${guide.port}` };
    world = await startWorld({ environment });
    ({ key, slug } = await world.organization());
  });
  after(async () => {
    await world.close();
    await guide.close();
    await canary.close();
  });

  const documentAt = (url: string) => ({
    openapi: '3.1.0',
    info: { title: 'Inside', version: '1' },
    servers: [{ url }],
    paths: { '/x': { get: { operationId: 'x', responses: { 200: { description: 'ok' } } } } },
  });

  /** Every field that takes an address, at every route that has one. */
  const fields: Record<string, (url: string) => [string, object]> = {
    document_url: (url) => ['/v1/connections', { kind: 'openapi', document_url: url }],
    base_url: (url) => [
      '/v1/connections',
      { kind: 'openapi', document: documentAt(guide.url), base_url: url },
    ],
    'servers of a document': (url) => ['/v1/connections', { kind: 'openapi', document: documentAt(url) }],
    server_url: (url) => ['/v1/connections', { kind: 'mcp', server_url: url }],
    'document_url, compatible': (url) => ['/v1/integrations/connections/openapi', { document_url: url }],
    'base_url, compatible': (url) => [
      '/v1/integrations/connections/openapi',
      { document: documentAt(guide.url), base_url: url },
    ],
    'servers, compatible': (url) => ['/v1/integrations/connections/openapi', { document: documentAt(url) }],
    'server_url, compatible': (url) => ['/v1/integrations/connections/custom-mcp', { server_url: url }],
    'server_url, tool instance': (url) => [
      `/v1/orgs/${slug}/workspaces/default/tool-instances`,
      { nickname: undefined, name: 'x', tool_id: 'custom_mcp', configuration: { server_url: url } },
    ],
  };

  const insides = (): string[] => {
    const { port } = canary;
    return [
      `http://127.0.0.1:${port}/`, `http://localhost:${port}/`, `http://LOCALHOST.:${port}/`, `http://x.localhost:${port}/`,
      `http://127.1:${port}/`, `http://127.0.1:${port}/`, `http://2130706433:${port}/`, `http://0x7f000001:${port}/`, `http://0x7f.1:${port}/`,
      `http://0177.0.0.1:${port}/`, `http://017700000001:${port}/`, `http://0:${port}/`, `http://0.0.0.0:${port}/`, `http://127.255.255.254:${port}/`,
      `http://[::1]:${port}/`, `http://[::]:${port}/`, `http://[::ffff:127.0.0.1]:${port}/`, `http://[::ffff:7f00:1]:${port}/`,
      `http://[0:0:0:0:0:ffff:127.0.0.1]:${port}/`, `http://[::127.0.0.1]:${port}/`, `http://[64:ff9b::7f00:1]:${port}/`, `http://[2002:7f00:1::]:${port}/`,
      `http://①②⑦.⓪.⓪.①:${port}/`, `http://127。0。0。1:${port}/`, `http://%31%32%37.0.0.1:${port}/`,
      'http://169.254.169.254/latest/meta-data/', 'http://[fd00:ec2::254]/', 'http://100.100.100.200/',
      'http://10.0.0.1/', 'http://172.16.0.1/', 'http://192.168.0.1/', 'http://100.64.0.1/', 'http://[fe80::1]/', 'http://[fc00::1]/', 'http://224.0.0.1/', 'http://255.255.255.255/',
      `http://user:pass@127.0.0.1:${guide.port}/`, `http://127.0.0.1:${guide.port}@127.0.0.1:${port}/`,
      'file:///etc/passwd', 'ftp://127.0.0.1/', 'gopher://127.0.0.1/', 'data:application/json,{}', 'javascript:1', 'unix:/var/run/docker.sock', '//127.0.0.1/', '/etc/passwd',
      `http://127.0.0.1:${world.port}/`, `http://localhost:${world.port}/`,
    ]; // prettier-ignore
  };

  for (const [field, at] of Object.entries(fields)) {
    it(`is refused as ${field} in every spelling, and nothing is asked`, async () => {
      for (const url of insides()) {
        const [path, body] = at(url);
        for (const query of ['', '?dry_run=true']) {
          const answer = await world.ask('POST', path + query, { key, body: { nickname: 'x', ...body } });
          assert.equal(answer.status, 422, `${url}${query}: ${answer.status} ${answer.text}`);
          assert.doesNotMatch(answer.text, /user:pass|ECONN|root:/, url);
        }
      }
      assert.equal(canary.requests.length, 0);
      assert.deepEqual((await world.ask('GET', '/v1/connections', { key })).json.data, []);
    });
  }

  it('is not reached through a redirect: of a document, of a tool, of an MCP server', async () => {
    const documented = {
      kind: 'openapi',
      nickname: 'Guide',
      document: documentAt(guide.url),
      auth: { type: 'bearer', token: 'guide-token' },
    };
    const made = await world.ask('POST', '/v1/connections', { key, body: documented });
    assert.equal(made.status, 201, made.text);
    const entries = [{ slug: made.json.data.slug, auth_scope: 'ORGANIZATION' }];
    const pack = (await world.ask('POST', '/v1/packs', { key, body: { name: 'Guide', entries } })).json.data
      .id;
    const call = () =>
      world.ask('POST', '/v1/calls', { key, body: { pack, tool: `${made.json.data.slug}__x` } });
    assert.equal((await call()).json.isError, false);

    const targets = [
      `http://127.0.0.1:${canary.port}/`,
      `http://localhost:${canary.port}/`,
      `http://[::1]:${canary.port}/`,
      `http://0x7f000001:${canary.port}/`,
      `//127.0.0.1:${canary.port}/`,
      'http://169.254.169.254/',
      'file:///etc/passwd',
    ];
    for (const target of targets) {
      leads = () => target;
      const called = await call();
      assert.equal(called.json.isError, true, `${target}: ${called.text}`);
      for (const status of [301, 302, 303, 307, 308]) {
        for (const [path, body] of [
          [
            '/v1/connections',
            { kind: 'openapi', document_url: `${guide.url}/openapi.json?status=${status}` },
          ],
          ['/v1/connections', { kind: 'mcp', server_url: `${guide.url}/mcp?status=${status}` }],
        ] as const) {
          const answer = await world.ask('POST', path, { key, body: { nickname: 'x', ...body } });
          // An MCP server that does not answer is a connection with its reason; it has no tools.
          const tools = answer.json?.data?.tools?.total ?? 0;
          assert.ok(answer.status >= 400 || tools === 0, `${target} ${status}: ${answer.text}`);
          assert.ok(answer.status !== 500, answer.text);
        }
      }
    }
    leads = () => null;
    assert.equal(canary.requests.length, 0);
    assert.deepEqual(world.logged, []);
  });

  it('is not asked for by a key that is no admin’s, local or not', async () => {
    const made = await world.ask('POST', '/v1/keys', { key, body: { scopes: ['tools:write'] } });
    for (const body of [
      { kind: 'mcp', server_url: `${canary.url}/mcp`, local: true },
      { kind: 'openapi', document: documentAt(canary.url), local: true },
    ]) {
      const answer = await world.ask('POST', '/v1/connections', {
        key: made.json.data.key,
        body: { nickname: 'x', ...body },
      });
      assert.ok([403, 422].includes(answer.status), answer.text);
    }
    assert.equal(canary.requests.length, 0);
  });
});

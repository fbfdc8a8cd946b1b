import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { modern } from '../contracts/mcp-counter.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { furnish, furnishWith, openServices, type Furnished, type Services } from './furnish.ts';

let world: World;
let services: Services;
let org: Furnished;
before(async () => {
  world = await startWorld();
  services = await openServices();
  org = await furnish(world, services);
});
after(async () => {
  await world.close();
  await services.close();
});

const make = async (body: object, key = org.adminKey): Promise<Json> => {
  const answer = await world.ask('POST', '/v1/keys', { key, body });
  assert.equal(answer.status, 201, answer.text);
  return answer.json.data;
};

describe('a child key', () => {
  const limits = () => ({
    scopes: ['keys:write', 'packs:read', 'runtime:all'],
    pack_ids: [org.things.pack],
    user_ids: [org.things.user],
    expires_in: 3600,
    rate_limit: { per_minute: 500, per_hour: 5000 },
  });

  it('is refused more than its maker has in any dimension, at both routes that make keys', async () => {
    const maker = await make(limits());
    const outside = await furnishWith(world, services, {
      id: org.things.organization,
      slug: org.things.organizationSlug,
      adminKey: org.adminKey,
      workspaceSlug: null,
    });
    const later = new Date(Date.now() + 7200_000).toISOString();
    const wider: [object, object | null][] = [
      [{ scopes: ['packs:write'] }, { scopes: ['packs:write'] }],
      [{ scopes: ['management:all'] }, { scopes: ['management:all'] }],
      [{ scopes: ['packs:read', 'audit:read'] }, { scopes: ['packs:read', 'audit:read'] }],
      [{ pack_ids: [outside.things.pack] }, { tool_pack_ids: [outside.things.pack] }],
      [
        { pack_ids: [org.things.pack, outside.things.pack] },
        { tool_pack_ids: [org.things.pack, outside.things.pack] },
      ],
      [{ user_ids: [outside.things.user] }, { registered_user_ids: [outside.things.user] }],
      [{ expires_in: 7200 }, { expires_in: 7200 }],
      [{ expires_at: later }, { expires_at: later }],
      [{ rate_limit: { per_minute: 501 } }, null],
      [{ rate_limit: { per_hour: 5001 } }, null],
    ];
    for (const [own, compatible] of wider) {
      for (const [path, body] of [
        ['/v1/keys', own],
        ['/api/v1/access-keys/', compatible],
      ] as const) {
        if (body === null) continue;
        const answer = await world.ask('POST', path, { key: maker.key, body });
        assert.equal(answer.status, 403, `${path} ${JSON.stringify(body)}: ${answer.text}`);
      }
    }
    for (const nothing of [
      {},
      { pack_ids: [], user_ids: [], expires_at: null },
      { pack_ids: null, user_ids: null, rate_limit: null },
    ]) {
      const child = await make(nothing, maker.key);
      assert.deepEqual(child.pack_ids, [org.things.pack]);
      assert.deepEqual(child.user_ids, [org.things.user]);
      assert.equal(child.expires_at, maker.expires_at);
      assert.deepEqual(child.rate_limit, { per_minute: 500, per_hour: 5000 });
    }
  });

  it('gets no wider key out of regenerating one', async () => {
    const same = { pack_ids: null, user_ids: null, workspace_ids: null };
    const maker = await make(limits());
    const others: [string, Json][] = [
      [
        'scopes',
        await make({ ...limits(), scopes: ['keys:write', 'packs:read', 'runtime:all', 'audit:read'] }),
      ],
      ['packs', await make({ ...limits(), ...same, user_ids: [org.things.user] })],
      ['users', await make({ ...limits(), ...same, pack_ids: [org.things.pack] })],
      ['expiry', await make({ ...limits(), expires_in: 7200 })],
      ['no expiry', await make({ ...limits(), expires_in: undefined, expires_at: null })],
      ['rate', await make({ ...limits(), rate_limit: { per_minute: 501, per_hour: 5000 } })],
      ['no rate', await make({ ...limits(), rate_limit: null })],
    ];
    for (const [what, other] of others) {
      for (const path of [`/v1/keys/${other.id}/regenerate`, `/api/v1/access-keys/${other.id}/regenerate/`]) {
        const answer = await world.ask('POST', path, { key: maker.key });
        assert.ok([403, 404].includes(answer.status), `${what}: ${answer.status} ${answer.text}`);
      }
      assert.equal(
        (await world.ask('GET', '/v1/packs', { key: other.key })).status,
        200,
        `${what} still works`,
      );
    }
    const within = await make({}, maker.key);
    assert.equal(
      (await world.ask('POST', `/v1/keys/${within.id}/regenerate`, { key: maker.key })).status,
      200,
    );
  });

  it('of an admin key with all its scopes neither regenerates nor revokes an admin key, nor acts as the operator', async () => {
    const child = (await world.ask('POST', '/v1/keys', { body: { expires_at: null } })).json.data;
    const admin = (await world.ask('GET', '/v1/keys?limit=100')).json.data.find(
      (row: Json) => row.parent_id === null,
    );
    for (const [method, path] of [
      ['POST', `/v1/keys/${admin.id}/regenerate`],
      ['DELETE', `/v1/keys/${admin.id}`],
      ['POST', `/api/v1/access-keys/${admin.id}/revoke/`],
      ['GET', '/v1/orgs'],
    ] as const) {
      const answer = await world.ask(method, path, { key: child.key });
      assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
    }
    const made = await world.ask('POST', '/v1/orgs', { key: child.key, body: { name: 'Mine' } });
    assert.equal(made.status, 403);
    const read = await world.ask('GET', `/v1/orgs/${org.things.organization}`, { key: child.key });
    assert.equal(read.status, 404);
    assert.equal((await world.ask('GET', '/v1/orgs')).status, 200);
  });

  it('ends with its maker', async () => {
    const maker = await make({ scopes: ['keys:write', 'packs:read'] });
    const child = await make({}, maker.key);
    const grandchild = await make({}, child.key);
    assert.equal((await org.ask('DELETE', `/v1/keys/${maker.id}`)).status, 204);
    for (const { key } of [maker, child, grandchild]) {
      assert.equal((await world.ask('GET', '/v1/packs', { key })).status, 401);
    }
  });
});

describe('a key bound to a pack', () => {
  it('reaches no tool outside of it by trying, curating or editing the pack', async () => {
    const { connectionSlug, connection, tool, toolSlug } = org.things;
    const narrow = await org.ask('POST', '/v1/packs', {
      name: `narrow ${org.tag}`,
      entries: [
        { slug: connectionSlug, selection: 'exactly', tools: ['get_order'], auth_scope: 'ORGANIZATION' },
      ],
    });
    const { id } = narrow.json.data;
    const { key } = await make({ scopes: ['management:all', 'runtime:all'], pack_ids: [id] });
    const slugs = (await org.ask('GET', '/v1/connections')).json.data.map((each: Json) => each.slug);
    const other = slugs.find((slug: string) => slug.startsWith('mcp_'));
    const was = (await org.ask('GET', `/v1/packs/${id}`)).text.replace(/"request_id":"[^"]*"/, '');
    const tools = (await org.ask('GET', `/v1/tools/${tool}`)).json.data;
    const integrations = `/v1/integrations/connections/${connection}`;
    const packs = `/api/v1/tool-packs/${id}`;
    const before = services.store.calls().length;
    const attempts: [string, string, unknown][] = [
      ['POST', `/v1/tools/${tool}/try`, {}],
      ['POST', `/v1/tools/${tool}/try`, { pack: id }],
      ['POST', `${integrations}/test-invoke`, { slug: toolSlug }],
      ['POST', `${integrations}/test-mcp-call`, { slug: toolSlug }],
      ['PATCH', `/v1/tools/${tool}`, { inputs: null }],
      ['PATCH', `${integrations}/tools/${tool}`, { input_defaults: null }],
      ['PATCH', `${integrations}/tools`, { is_enabled: true }],
      [
        'PATCH',
        '/api/v1/connectors/tool-description-overrides/',
        [{ connector_slug: connectionSlug, tool_name: 'get_order', description: 'x' }],
      ],
      ['POST', '/v1/packs', { name: 'mine', entries: [{ slug: connectionSlug }] }],
      ['POST', '/api/v1/tool-packs/', { name: 'mine', connectors: [{ slug: connectionSlug }] }],
      ['PATCH', `/v1/packs/${id}`, { entries: [{ slug: connectionSlug, auth_scope: 'ORGANIZATION' }] }],
      ['PATCH', `/v1/packs/${id}`, { entries: [{ slug: other }] }],
      ['PUT', `/v1/packs/${id}/entries/${connectionSlug}`, { auth_scope: 'ORGANIZATION' }],
      ['PUT', `/v1/packs/${id}/entries/${other}`, { auth_scope: 'ORGANIZATION' }],
      [
        'PUT',
        `/v1/packs/${id}/entries/${connectionSlug}`,
        { selection: 'exactly', tools: ['list_orders'], auth_scope: 'ORGANIZATION' },
      ],
      ['PATCH', `${packs}/`, { connectors: [{ slug: connectionSlug }] }],
      [
        'PATCH',
        `${packs}/connectors/`,
        [{ slug: connectionSlug, tool_names: ['get_order', 'delete_order'] }],
      ],
      ['PATCH', `${packs}/connectors/`, [{ slug: other }]],
      ['PUT', `${packs}/connectors/`, [{ slug: connectionSlug }]],
      ['POST', '/v1/connections', { kind: 'openapi', nickname: 'mine', document: services.store.document }],
      ['PUT', '/v1/credentials', { connection: connectionSlug, fields: { token: 'mine' } }],
    ];
    for (const [method, path, body] of attempts) {
      const answer = await world.ask(method, path, { key, body });
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`);
    }
    assert.equal((await org.ask('GET', `/v1/packs/${id}`)).text.replace(/"request_id":"[^"]*"/, ''), was);
    assert.deepEqual((await org.ask('GET', `/v1/tools/${tool}`)).json.data, tools);
    assert.equal(services.store.calls().length, before);

    const outside = await world.ask('POST', '/v1/calls', { key, body: { pack: id, tool: toolSlug } });
    assert.equal(outside.status, 404, outside.text);
    assert.equal(services.store.calls().length, before);
    const list = await fetch(`${world.url}/mcp/${id}`, modern('tools/list', {}, { key }));
    assert.deepEqual(
      ((await list.json()) as Json).result.tools.map((each: Json) => each.name),
      [`${connectionSlug}__get_order`],
    );
    const narrowed = await world.ask('PATCH', `${packs}/connectors/`, {
      key,
      body: [{ slug: connectionSlug, tool_names: [] }],
    });
    assert.equal(narrowed.status, 200, narrowed.text);
  });
});

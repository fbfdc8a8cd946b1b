import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';
import { openDesk, openServices, said, type Desk, type Service, type Services } from './tool-packs-desk.ts';

let world: World;
let services: Services;
let desk: Desk;
let tracker: Service;
before(async () => {
  world = await startWorld();
  services = await openServices();
});
after(async () => {
  await world.close();
  await services.fake.close();
});
beforeEach(async () => {
  desk = await openDesk(world, services);
  tracker = await desk.connect('tracker', ['create_issue', 'list_issues']);
});

const packs = '/api/v1/tool-packs/';
const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/;

describe('a tool pack', () => {
  it('is made with 201 and shown with every field, in order', async () => {
    const body = { name: 'Support Desk', description: 'For support.', connectors: [{ slug: 'tracker' }] };
    const { status, json } = await desk.ask('POST', packs, body);
    assert.equal(status, 201);
    const { id, connectors, created_at, updated_at, ...rest } = json;
    assert.deepEqual(Object.keys(json), [
      'id',
      'name',
      'description',
      'connectors',
      'slug',
      'names',
      'approve_by',
      'mode',
      'favourites',
      'created_at',
      'updated_at',
    ]);
    assert.match(id, uuid);
    assert.match(created_at, isoTime);
    assert.equal(updated_at, created_at);
    assert.deepEqual(said(connectors), { tracker: 'INDIVIDUAL *' });
    assert.deepEqual(rest, {
      name: 'Support Desk',
      description: 'For support.',
      slug: 'support-desk',
      names: 'prefixed',
      approve_by: 'client',
      mode: 'list',
      favourites: [],
    });
    assert.deepEqual((await desk.ask('GET', `${packs}${id}/`)).json, json);
  });

  it('is found with and without the trailing slash, and by either form of its id', async () => {
    const { id, json } = await desk.pack([]);
    assert.deepEqual((await desk.ask('GET', `${packs}${id}`)).json, json);
    const hex = id.replaceAll('-', '').replace(/^(.{12})8(.{3})8(.{3})(.{6}).{6}$/, '$1$2$3$4');
    assert.deepEqual((await desk.ask('GET', `${packs}pack_${hex}/`)).json, json);
    assert.equal((await desk.ask('GET', `${packs}nonsense/`)).status, 400);
  });

  it('keeps the slug of its first name; a second of the name gets a suffix', async () => {
    const first = await desk.pack([]);
    const second = await desk.pack([]);
    assert.equal(first.json.slug, 'desk');
    assert.equal(second.json.slug, 'desk-2');
    const renamed = await desk.ask('PATCH', `${packs}${first.id}/`, { name: 'Other' });
    assert.equal(renamed.json.name, 'Other');
    assert.equal(renamed.json.slug, 'desk');
  });

  it('takes a name of 1 to 255 characters', async () => {
    for (const name of ['', 'x'.repeat(256), null, 7, undefined])
      assert.equal((await desk.ask('POST', packs, { name })).json.error.param, '/name');
    assert.equal((await desk.ask('POST', packs, { name: 'x'.repeat(255) })).status, 201);
  });

  it('refuses unknown fields, and those of things to come', async () => {
    for (const field of ['tool_names', 'slug', 'mode', 'favourites']) {
      const { status, json } = await desk.ask('POST', packs, { name: 'Desk', [field]: 'list' });
      assert.equal(status, 400);
      assert.equal(json.error.param, `/${field}`);
    }
  });

  it('says whose yes counts for calls that ask', async () => {
    const made = await desk.ask('POST', packs, { name: 'Strict', approve_by: 'member' });
    assert.equal(made.json.approve_by, 'member');
    const path = `${packs}${made.json.id}/`;
    assert.equal((await desk.ask('PATCH', path, { name: 'Stricter' })).json.approve_by, 'member');
    assert.equal((await desk.ask('PATCH', path, { approve_by: null })).json.approve_by, 'client');
    const { status, json } = await desk.ask('PATCH', path, { approve_by: 'anybody' });
    assert.deepEqual([status, json.error.param], [400, '/approve_by']);
  });

  it('PATCH: absent leaves, null clears', async () => {
    const { id } = await desk.pack([{ slug: 'tracker' }], { description: 'Words.', names: 'plain' });
    const path = `${packs}${id}/`;
    const before = (await desk.ask('GET', path)).text;
    assert.equal((await desk.ask('PATCH', path, {})).text, before);
    const cleared = await desk.ask('PATCH', path, { description: null, names: null, connectors: null });
    assert.equal(cleared.json.description, '');
    assert.equal(cleared.json.names, 'prefixed');
    assert.deepEqual(cleared.json.connectors, []);
    assert.equal((await desk.ask('PATCH', path, { name: null })).status, 400);
  });

  it('PATCH: connectors replaces the whole list', async () => {
    await desk.connect('wiki', ['read_page']);
    const { id } = await desk.pack([{ slug: 'tracker', auth_scope: 'SHARED', tool_names: ['list_issues'] }]);
    const { json } = await desk.ask('PATCH', `${packs}${id}/`, { connectors: [{ slug: 'wiki' }] });
    assert.deepEqual(said(json.connectors), { wiki: 'INDIVIDUAL *' });
    const again = await desk.ask('PATCH', `${packs}${id}/`, { connectors: [{ slug: 'tracker' }] });
    assert.deepEqual(said(again.json.connectors), { tracker: 'INDIVIDUAL *' });
  });

  it('that changes says so in updated_at and in the audit', async () => {
    const { id, json } = await desk.pack([]);
    const { json: after } = await desk.ask('PATCH', `${packs}${id}/`, { name: 'Other' });
    assert.notEqual(after.updated_at, json.updated_at);
    assert.equal(after.created_at, json.created_at);
    const { json: audit } = await desk.ask('GET', '/v1/audit');
    const row = audit.data.find((each: Json) => each.action === 'pack.updated');
    assert.equal(row.target.id, id);
  });

  it('serves bare names where it says plain, which needs a pack of one connection', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker' }], { names: 'plain' });
    assert.deepEqual(await desk.list(`/mcp/${id}`), ['create_issue', 'list_issues']);
    await desk.connect('wiki', ['read_page']);
    assert.equal((await desk.ask('PATCH', path, [{ slug: 'wiki' }])).status, 400);
    const two = [{ slug: 'tracker' }, { slug: 'wiki' }];
    const made = await desk.ask('POST', packs, { name: 'Two', names: 'plain', connectors: two });
    assert.equal(made.json.error.param, '/connectors');
    const prefixed = await desk.pack(two);
    const patched = await desk.ask('PATCH', `${packs}${prefixed.id}/`, { names: 'plain' });
    assert.equal(patched.json.error.param, '/names');
  });

  it('is deleted with 204, and a second time 404; its connections stay', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker' }]);
    assert.equal((await desk.ask('DELETE', `${packs}${id}/`)).status, 204);
    for (const gone of [`${packs}${id}/`, path]) assert.equal((await desk.ask('GET', gone)).status, 404);
    assert.equal((await desk.ask('DELETE', `${packs}${id}/`)).status, 404);
    assert.equal((await desk.ask('GET', '/api/v1/connectors/tracker/')).status, 200);
  });

  it('is listed in pages, newest first', async () => {
    for (const name of ['A', 'B', 'C']) await desk.pack([{ slug: 'tracker' }], { name });
    const { json } = await desk.ask('GET', `${packs}?page_size=2`);
    assert.deepEqual(Object.keys(json), ['count', 'next', 'previous', 'results']);
    assert.equal(json.count, 3);
    assert.equal(json.previous, null);
    assert.deepEqual(
      json.results.map((pack: Json) => pack.name),
      ['C', 'B'],
    );
    assert.deepEqual(said(json.results[0].connectors), { tracker: 'INDIVIDUAL *' });
    const rest = await desk.ask('GET', json.next.slice(world.url.length));
    assert.deepEqual(
      rest.json.results.map((pack: Json) => pack.name),
      ['A'],
    );
    assert.equal((await desk.ask('GET', `${packs}?page=0`)).status, 400);
  });
});

describe('a pack’s connector', () => {
  it('has the seed’s fields in the seed’s order, and selection', async () => {
    const { path } = await desk.pack([{ slug: 'tracker', tool_names: ['list_issues'] }]);
    const { json } = await desk.ask('GET', path);
    assert.ok(Array.isArray(json));
    const shown: Json = json[0];
    assert.deepEqual(Object.keys(shown), [
      'slug',
      'name',
      'source_url',
      'logo_url',
      'categories',
      'auth_scope',
      'tools',
      'connector_id',
      'selection',
    ]);
    assert.equal(shown.tools.length, 1);
    const tool: Json = shown.tools[0];
    assert.deepEqual(Object.keys(tool), ['name', 'description', 'input_schema', 'credit_type']);
    assert.equal(tool.name, 'list_issues');
    assert.equal(tool.description, 'Does list_issues.');
    assert.equal(tool.input_schema.type, 'object');
    assert.deepEqual(Object.keys(tool.input_schema.properties).toSorted(), ['pass', 'q', 'state']);
    assert.equal(tool.credit_type, 'default');
    const { tools: _tools, ...rest } = shown;
    assert.deepEqual(rest, {
      slug: 'tracker',
      name: 'tracker',
      source_url: null,
      logo_url: '',
      categories: [],
      auth_scope: 'INDIVIDUAL',
      connector_id: tracker.id,
      selection: 'exactly',
    });
  });

  it('shows a catalog connector’s name, site, logo and categories', async () => {
    const { json } = await desk.pack([{ slug: 'github' }]);
    const [github] = json.connectors;
    assert.equal(github.name, 'GitHub');
    assert.equal(typeof github.source_url, 'string');
    assert.equal(typeof github.logo_url, 'string');
    assert.ok(github.categories.length > 0);
    assert.equal(github.selection, 'all');
  });

  it('names tools bare; in MCP the same tool is slug__name', async () => {
    const { id, json } = await desk.pack([{ slug: 'tracker' }]);
    const names = json.connectors[0].tools.map((tool: Json) => tool.name);
    assert.deepEqual(names, ['create_issue', 'list_issues']);
    assert.deepEqual(
      await desk.list(`/mcp/${id}`),
      names.map((name: string) => `tracker__${name}`),
    );
  });

  it('shows the effective tools: curated descriptions and schemas', async () => {
    await tracker.curate('list_issues', {
      description: 'Lists them all.',
      inputs: { state: { mode: 'pinned', value: 'open' } },
    });
    const { json } = await desk.pack([{ slug: 'tracker' }]);
    const [, tool] = json.connectors[0].tools;
    assert.equal(tool.description, 'Lists them all.');
    assert.deepEqual(Object.keys(tool.input_schema.properties), ['q', 'pass']);
  });

  it('of a connection out of service serves nothing; exactly chosen tools are marked disabled', async () => {
    const all = await desk.pack([{ slug: 'tracker' }]);
    const exact = await desk.pack([{ slug: 'tracker', tool_names: ['list_issues'] }]);
    await desk.ask('PATCH', `/v1/connections/${tracker.id}`, { is_active: false });
    assert.deepEqual((await desk.ask('GET', all.path)).json[0].tools, []);
    assert.equal((await desk.ask('GET', exact.path)).json[0].tools[0].disabled, true);
    assert.deepEqual(await desk.list(`/mcp/${all.id}`), []);
  });
});

describe('what a pack may name', () => {
  const path = '/api/v1/connectors/';

  it('is listed in pages by slug: catalog connectors and the organization’s connections', async () => {
    const { json } = await desk.ask('GET', `${path}?page_size=100`);
    const slugs = json.results.map((each: Json) => each.slug);
    assert.equal(json.count, slugs.length);
    assert.deepEqual(slugs, slugs.toSorted());
    for (const slug of ['github', 'slack', 'tracker']) assert.ok(slugs.includes(slug), slug);
    // What has to be connected first, with an address or settings, cannot be named before it is.
    for (const slug of ['custom_mcp', 'zendesk']) assert.ok(!slugs.includes(slug), slug);
    const first = await desk.ask('GET', `${path}?page_size=1`);
    assert.equal(first.json.results.length, 1);
    assert.equal(first.json.count, json.count);
  });

  it('has a pack connector’s fields without what the pack says', async () => {
    const { json } = await desk.ask('GET', `${path}tracker/`);
    assert.deepEqual(Object.keys(json), [
      'slug',
      'name',
      'source_url',
      'logo_url',
      'categories',
      'tools',
      'connector_id',
    ]);
    assert.equal(json.connector_id, tracker.id);
    const { json: inPack } = await desk.pack([{ slug: 'tracker' }]);
    assert.deepEqual(json.tools, inPack.connectors[0].tools);
  });

  it('of a catalog connector shows the tools a connection made now would serve', async () => {
    const { json } = await desk.ask('GET', `${path}github/`);
    const { json: pack } = await desk.pack([{ slug: 'github' }]);
    assert.deepEqual(json.tools, pack.connectors[0].tools);
    const { json: after } = await desk.ask('GET', `${path}?page_size=100`);
    assert.equal(after.results.filter((each: Json) => each.slug === 'github').length, 1);
  });

  it('absent and foreign slugs are the same 404', async () => {
    const stranger = await openDesk(world, services);
    await stranger.connect('theirs', ['read']);
    const foreign = await desk.ask('GET', `${path}theirs/`);
    const absent = await desk.ask('GET', `${path}nobody/`);
    assert.equal(foreign.status, 404);
    assert.equal(foreign.text, absent.text);
  });

  it('the slug tool-description-overrides is reserved', async () => {
    const { status, json } = await desk.ask('GET', `${path}tool-description-overrides/`);
    assert.equal(status, 200);
    assert.deepEqual(json, []);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { openInstancesDesk, type InstancesDesk } from './instances-desk.ts';

let desk: InstancesDesk;
before(async () => void (desk = await openInstancesDesk()));
after(() => desk.close());

const detailOf = ({ status, json, text }: { status: number; json: Json; text: string }): Json => {
  assert.equal(status, 422, text);
  return json.detail;
};

describe('tool instances', () => {
  it('are made of a connector by id or slug and a name: 201 with the instance', async () => {
    const bySlug = await desk.make({ name: 'By slug' });
    const byId = await desk.make({ name: 'By id', tool_id: bySlug.tool_id });
    assert.equal(byId.tool_slug, 'orders');
    assert.equal(byId.tool_id, bySlug.tool_id);
    assert.notEqual(byId.instance_id, bySlug.instance_id);
    assert.deepEqual(await desk.get(byId.instance_id), byId);
  });

  it('of an unknown connector are refused at tool_id with 422, and nothing is made', async () => {
    const before = (await desk.ask('GET', desk.base)).json.total;
    const refused = await desk.ask('POST', desk.base, { tool_id: 'nothing', name: 'x' });
    assert.deepEqual(detailOf(refused), [
      {
        type: 'value_error',
        loc: ['body', 'tool_id'],
        msg: 'The catalog has no such connector.',
        input: 'nothing',
      },
    ]);
    assert.equal((await desk.ask('GET', desk.base)).json.total, before);
  });

  it('with a bad field beside good ones are not made at all', async () => {
    const before = (await desk.ask('GET', desk.base)).json.total;
    const refused = await desk.ask('POST', desk.base, {
      tool_id: 'orders',
      name: 'x',
      mcp_action_filter: ['nothing'],
    });
    assert.deepEqual(detailOf(refused)[0].loc, ['body', 'mcp_action_filter', 0]);
    assert.equal((await desk.ask('GET', desk.base)).json.total, before);
  });

  it('say what a body lacks and what it has too much in golden entries', async () => {
    assert.deepEqual(detailOf(await desk.ask('POST', desk.base, { name: 'x', extra: 1 })), [
      { type: 'missing', loc: ['body', 'tool_id'], msg: 'Field required', input: { name: 'x', extra: 1 } },
      { type: 'extra_forbidden', loc: ['body', 'extra'], msg: 'Extra inputs are not permitted' },
    ]);
    const { instance_id: id } = await desk.make();
    assert.deepEqual(detailOf(await desk.put(id, { mcp_max_calls_per_turn: 0, is_active: 'x' })), [
      {
        type: 'bool_type',
        loc: ['body', 'is_active'],
        msg: 'Input should be a valid boolean',
        input: 'x',
      },
      {
        type: 'greater_than_equal',
        loc: ['body', 'mcp_max_calls_per_turn'],
        msg: 'Input should be greater than or equal to 1',
        input: 0,
        ctx: { ge: 1 },
      },
    ]);
    assert.deepEqual(detailOf(await desk.put(id, { mcp_action_descriptions: { list_orders: 5 } })), [
      {
        type: 'string_type',
        loc: ['body', 'mcp_action_descriptions', 'list_orders'],
        msg: 'Input should be a valid string',
        input: 5,
      },
    ]);
    assert.deepEqual(detailOf(await desk.ask('GET', `${desk.base}/no-id`))[0].type, 'uuid_parsing');
  });

  it('change by PUT: absent leaves, null clears', async () => {
    const { instance_id: id } = await desk.make();
    const said = {
      description: 'For people.',
      namespace_id: 'billing',
      mcp_description_override: 'For models.',
      mcp_requires_confirmation: true,
      mcp_max_calls_per_turn: 3,
      mcp_action_filter: ['list_orders'],
    };
    const put = await desk.put(id, said);
    assert.equal(put.status, 200, put.text);
    const renamed = (await desk.put(id, { name: 'Renamed' })).json;
    assert.equal(renamed.name, 'Renamed');
    for (const [field, value] of Object.entries(said)) assert.deepEqual(renamed[field], value, field);
    const cleared = Object.fromEntries(Object.keys(said).map((field) => [field, null]));
    const after = (await desk.put(id, cleared)).json;
    assert.deepEqual({ ...after, updated_at: '' }, { ...(await desk.get(id)), updated_at: '' });
    for (const field of Object.keys(said)) {
      assert.deepEqual(after[field], field === 'namespace_id' ? 'default' : null, field);
    }
    assert.deepEqual(detailOf(await desk.put(id, { name: null }))[0].type, 'string_type');
  });

  it('stay as they are by PUT {}, updated_at included, and without an audit row', async () => {
    const made = await desk.make({ action_defaults: { list_orders: { limit: 5 } } });
    const rows = () => desk.ask('GET', `/v1/audit?target_id=${made.instance_id}`);
    const before = (await rows()).json.data.length;
    const put = await desk.put(made.instance_id, {});
    assert.equal(put.status, 200);
    assert.deepEqual(put.json, made);
    assert.deepEqual((await desk.put(made.instance_id, { name: made.name })).json, made);
    assert.equal((await rows()).json.data.length, before);
  });

  it('change in one audit row, whatever is changed at once', async () => {
    const { instance_id: id } = await desk.make();
    const before = (await desk.ask('GET', `/v1/audit?target_id=${id}`)).json.data.length;
    await desk.put(id, {
      name: 'Audited',
      action_defaults: { list_orders: { limit: 5 } },
      mcp_action_descriptions: { list_orders: 'Other words.', drop_order: 'Careful.' },
    });
    const rows = (await desk.ask('GET', `/v1/audit?target_id=${id}`)).json.data;
    assert.equal(rows.length, before + 1);
    assert.equal(rows[0].action, 'connection.configured');
    assert.deepEqual(Object.keys(rows[0].changes).sort(), ['nickname', 'tools']);
    assert.equal(Object.keys(rows[0].changes.tools).length, 2);
  });

  it('are switched by toggle, as often as one likes, and a missing or unreadable value is 422', async () => {
    const { instance_id: id } = await desk.make();
    const path = `${desk.base}/${id}/toggle`;
    const off = await desk.ask('POST', `${path}?is_active=false`);
    assert.equal(off.status, 200, off.text);
    assert.equal(off.json.is_active, false);
    const again = await desk.ask('POST', `${path}?is_active=off`);
    assert.deepEqual(again.json, off.json);
    assert.equal((await desk.ask('POST', `${path}?is_active=TRUE`)).json.is_active, true);
    assert.deepEqual(detailOf(await desk.ask('POST', path)), [
      { type: 'missing', loc: ['query', 'is_active'], msg: 'Field required', input: null },
    ]);
    assert.deepEqual(detailOf(await desk.ask('POST', `${path}?is_active=maybe`)), [
      {
        type: 'bool_parsing',
        loc: ['query', 'is_active'],
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: 'maybe',
      },
    ]);
  });

  it('out of service serve nothing, and in service again what they served', async () => {
    const made = await desk.make();
    const pack = await desk.pack(made.instance_id);
    await desk.ask('POST', `${desk.base}/${made.instance_id}/toggle?is_active=false`);
    assert.deepEqual((await desk.get(made.instance_id)).effective_action_schemas, []);
    assert.deepEqual(JSON.parse(await desk.mcp(pack, 'tools/list')).result.tools, []);
    await desk.ask('POST', `${desk.base}/${made.instance_id}/toggle?is_active=true`);
    const back = await desk.get(made.instance_id);
    assert.deepEqual(back.effective_action_schemas, made.effective_action_schemas);
  });

  it('go by DELETE with 204; in use 409 naming by what, unless forced', async () => {
    const free = await desk.make();
    assert.equal((await desk.ask('DELETE', `${desk.base}/${free.instance_id}`)).status, 204);
    assert.equal((await desk.ask('GET', `${desk.base}/${free.instance_id}`)).status, 404);
    const used = await desk.make();
    await desk.pack(used.instance_id);
    const refused = await desk.ask('DELETE', `${desk.base}/${used.instance_id}`);
    assert.equal(refused.status, 409);
    assert.equal(refused.json.error, 'CONNECTION_IN_USE');
    assert.equal(refused.json.status_code, 409);
    assert.equal(refused.json.details.used_by[0].type, 'pack');
    assert.equal((await desk.ask('DELETE', `${desk.base}/${used.instance_id}?force=true`)).status, 204);
  });

  it('are there under their own workspace alone; one of another workspace, organization or none is the same 404', async () => {
    const made = await desk.make();
    await desk.ask('POST', '/v1/orgs/default/workspaces', { slug: 'other', name: 'Other' });
    const org = await desk.world.organization();
    const id = made.instance_id;
    const paths = [
      `/v1/orgs/default/workspaces/other/tool-instances/${id}`,
      `/v1/orgs/default/workspaces/nowhere/tool-instances/${id}`,
      `/v1/orgs/nobody/workspaces/default/tool-instances/${id}`,
      `/v1/orgs/${org.slug}/workspaces/default/tool-instances/${id}`,
    ];
    const bodies = new Set<string>();
    for (const path of paths) {
      for (const [method, suffix, body] of [
        ['GET', '', undefined],
        ['PUT', '', {}],
        ['DELETE', '', undefined],
        ['POST', '/toggle?is_active=false', undefined],
      ] as const) {
        const answer = await desk.ask(method, path + suffix, body);
        assert.equal(answer.status, 404, `${method} ${path}${suffix}: ${answer.text}`);
        const { timestamp: _at, ...rest } = answer.json;
        bodies.add(JSON.stringify(rest));
      }
    }
    const foreign = await desk.ask('GET', `${desk.base}/${id}`, undefined, org.key);
    const { timestamp: _at, ...rest } = foreign.json;
    bodies.add(JSON.stringify(rest));
    assert.deepEqual(
      [...bodies],
      [
        JSON.stringify({
          error: 'RESOURCE_NOT_FOUND',
          message: 'Not found.',
          details: {},
          status_code: 404,
        }),
      ],
    );
    assert.equal((await desk.get(id)).is_active, true);
  });

  it('are reached by slugs and by ids of the organization and the workspace', async () => {
    const made = await desk.make();
    const { id: org } = (await desk.ask('GET', '/v1/orgs/default')).json;
    const path = `/v1/orgs/${org}/workspaces/${made.workspace_id}/tool-instances/${made.instance_id}`;
    assert.deepEqual((await desk.ask('GET', path)).json, made);
  });

  it('are read with tools:read and written with tools:write, and whoever writes is shown what it wrote', async () => {
    const { instance_id: id } = await desk.make();
    const keyOf = async (scopes: string[]): Promise<string> =>
      (await desk.ask('POST', '/v1/keys', { name: 'k', scopes })).json.data.key;
    const reader = await keyOf(['tools:read']);
    const writer = await keyOf(['tools:write']);
    const path = `${desk.base}/${id}`;
    assert.equal((await desk.ask('GET', path, undefined, reader)).status, 200);
    assert.equal((await desk.ask('PUT', path, {}, reader)).status, 403);
    assert.equal((await desk.ask('GET', path, undefined, writer)).status, 403);
    const put = await desk.ask('PUT', path, { name: 'Written' }, writer);
    assert.equal(put.status, 200, put.text);
    assert.equal(put.json.name, 'Written');
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { openInstancesDesk, type InstancesDesk } from './instances-desk.ts';

let desk: InstancesDesk;
let workspace: string;
before(async () => void (desk = await openInstancesDesk()));
after(() => desk.close());

let count = 0;
/** A workspace of its own with so many instances, and its path. */
async function room(many: number): Promise<{ path: string; names: string[] }> {
  workspace = `room-${(count += 1)}`;
  await desk.ask('POST', '/v1/orgs/default/workspaces', { slug: workspace, name: workspace });
  const path = `/v1/orgs/default/workspaces/${workspace}/tool-instances`;
  const names = Array.from({ length: many }, (_, index) => `Orders ${index + 1}`);
  for (const name of names) {
    const made = await desk.ask('POST', path, { tool_id: 'orders', name });
    assert.equal(made.status, 201, made.text);
  }
  return { path, names: names.toReversed() };
}

const namesOf = (json: Json): string[] => json.instances.map(({ name }: Json) => name);

describe('the list of tool instances', () => {
  it('is {total, has_more, next_cursor, instances}, newest first', async () => {
    const { path, names } = await room(3);
    const { json } = await desk.ask('GET', path);
    assert.deepEqual(Object.keys(json), ['total', 'has_more', 'next_cursor', 'instances']);
    assert.deepEqual([json.total, json.has_more, json.next_cursor], [3, false, null]);
    assert.deepEqual(namesOf(json), names);
  });

  it('takes a limit from 1 to 200, and says what is wrong with others in golden entries', async () => {
    const { path } = await room(0);
    const detail = async (query: string): Promise<Json> => (await desk.ask('GET', path + query)).json.detail;
    assert.deepEqual(await detail('?limit=201'), [
      {
        type: 'less_than_equal',
        loc: ['query', 'limit'],
        msg: 'Input should be less than or equal to 200',
        input: '201',
        ctx: { le: 200 },
      },
    ]);
    assert.deepEqual(await detail('?limit=0'), [
      {
        type: 'greater_than_equal',
        loc: ['query', 'limit'],
        msg: 'Input should be greater than or equal to 1',
        input: '0',
        ctx: { ge: 1 },
      },
    ]);
    assert.deepEqual(await detail('?limit=x&active_only=2'), [
      {
        type: 'bool_parsing',
        loc: ['query', 'active_only'],
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: '2',
      },
      {
        type: 'int_parsing',
        loc: ['query', 'limit'],
        msg: 'Input should be a valid integer, unable to parse string as an integer',
        input: 'x',
      },
    ]);
    for (const limit of [1, 200]) assert.equal((await desk.ask('GET', `${path}?limit=${limit}`)).status, 200);
  });

  it('has fifty on a page where no limit is said, as the list of secrets has', async () => {
    const { path, names } = await room(51);
    const first = (await desk.ask('GET', path)).json;
    assert.deepEqual([first.total, first.has_more], [51, true]);
    assert.deepEqual(namesOf(first), names.slice(0, 50));
    const rest = (await desk.ask('GET', `${path}?cursor=${first.next_cursor}`)).json;
    assert.deepEqual([namesOf(rest), rest.has_more], [names.slice(50), false]);

    const secrets = '/v1/orgs/default/vault/secrets';
    for (const name of names) {
      const made = await desk.ask('POST', secrets, { name, value: `value of ${name}` });
      assert.equal(made.status, 201, made.text);
    }
    const kept = (await desk.ask('GET', secrets)).json;
    assert.deepEqual([kept.total, kept.has_more, kept.secrets.length], [51, true, 50]);
  });

  it('goes on by cursor: each exactly once, whatever is made and deleted meanwhile', async () => {
    const { path, names } = await room(5);
    const first = (await desk.ask('GET', `${path}?limit=2`)).json;
    assert.deepEqual([first.total, first.has_more], [5, true]);
    await desk.ask('POST', path, { tool_id: 'orders', name: 'Newer' });
    await desk.ask('DELETE', `${path}/${first.instances[1].instance_id}`);
    const second = (await desk.ask('GET', `${path}?limit=2&cursor=${first.next_cursor}`)).json;
    const third = (await desk.ask('GET', `${path}?limit=2&cursor=${second.next_cursor}`)).json;
    assert.deepEqual([...namesOf(first), ...namesOf(second), ...namesOf(third)], names);
    assert.deepEqual([third.has_more, third.next_cursor], [false, null]);
  });

  it('has cursors for this list, filter and workspace alone', async () => {
    const other = await room(3);
    const { path } = await room(3);
    const { next_cursor: cursor } = (await desk.ask('GET', `${path}?limit=1`)).json;
    for (const strange of [
      `${other.path}?limit=1&cursor=${cursor}`,
      `${path}?limit=1&active_only=true&cursor=${cursor}`,
      `${path}?limit=1&namespace_id=x&cursor=${cursor}`,
      `${path}?cursor=nothing`,
    ]) {
      const { status, json } = await desk.ask('GET', strange);
      assert.equal(status, 422, strange);
      assert.deepEqual(json.detail[0].loc, ['query', 'cursor']);
    }
  });

  it('is filtered by tool_id, active_only and namespace_id, and total counts what is left', async () => {
    const { path } = await room(2);
    const slack = (await desk.ask('POST', path, { tool_id: 'slack', name: 'Slack', namespace_id: 'chat' }))
      .json;
    const [, second] = (await desk.ask('GET', path)).json.instances;
    await desk.ask('POST', `${path}/${second.instance_id}/toggle?is_active=false`);
    const filtered = async (query: string): Promise<[number, string[]]> => {
      const { json } = await desk.ask('GET', path + query);
      return [json.total, namesOf(json)];
    };
    assert.deepEqual(await filtered('?tool_id=slack'), [1, ['Slack']]);
    assert.deepEqual(await filtered(`?tool_id=${slack.tool_id}`), [1, ['Slack']]);
    assert.deepEqual(await filtered(`?tool_id=${second.tool_id}`), [2, ['Orders 2', 'Orders 1']]);
    assert.deepEqual(await filtered('?tool_id=nothing'), [0, []]);
    assert.deepEqual(await filtered('?active_only=true'), [2, ['Slack', 'Orders 1']]);
    assert.deepEqual(await filtered('?active_only=false'), [3, ['Slack', 'Orders 2', 'Orders 1']]);
    assert.deepEqual(await filtered('?namespace_id=chat'), [1, ['Slack']]);
    assert.deepEqual(await filtered('?namespace_id=default&tool_id=orders&active_only=true'), [
      1,
      ['Orders 1'],
    ]);
  });
});

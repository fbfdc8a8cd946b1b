import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql } from 'kysely';
import { startWorld, type Answer, type Json, type World } from '../world.ts';

type Home = {
  slug: string;
  path: string;
  ask: (method: string, path: string, body?: unknown, key?: string) => Promise<Answer>;
  keep: (body?: object, key?: string) => Promise<string>;
  keyOf: (scopes: readonly string[], more?: object) => Promise<string>;
  workspace: (slug: string) => Promise<string>;
};

describe('vault secrets', () => {
  let world: World;
  before(async () => void (world = await startWorld()));
  after(() => world.close());

  const home = async (): Promise<Home> => {
    const { slug, key: admin } = await world.organization();
    const path = `/v1/orgs/${slug}/vault/secrets`;
    const ask: Home['ask'] = (method, to, body, key = admin) => world.ask(method, to, { key, body });
    return {
      slug,
      path,
      ask,
      async keep(body = {}, key = admin) {
        const made = await ask('POST', path, { name: 'Key', value: 'a-value-of-ours', ...body }, key);
        assert.equal(made.status, 201, made.text);
        return made.json.vault_id;
      },
      async keyOf(scopes, more = {}) {
        return (await ask('POST', '/v1/keys', { scopes, ...more })).json.data.key;
      },
      async workspace(name) {
        return (await ask('POST', `/v1/orgs/${slug}/workspaces`, { slug: name, name })).json.id;
      },
    };
  };

  test('are made of a name and a value, answer {vault_id}, and are read back without the value', async () => {
    const { path, slug, ask, workspace } = await home();
    const east = await workspace('east');
    const value = 'value-4c1d-never-shown';
    const made = await ask('POST', path, { name: ' Shop key ', value, workspace_id: 'east' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual(Object.keys(made.json), ['vault_id']);
    const read = await ask('GET', `${path}/${made.json.vault_id}`);
    assert.equal(read.status, 200, read.text);
    assert.deepEqual(Object.keys(read.json), [
      'vault_id',
      'name',
      'workspace_id',
      'created_by',
      'created_at',
    ]);
    assert.equal(read.json.name, 'Shop key');
    assert.equal(read.json.workspace_id, east);
    assert.match(read.json.created_by, /^key:/);
    const listed = await ask('GET', path);
    assert.deepEqual(listed.json, { total: 1, has_more: false, next_cursor: null, secrets: [read.json] });
    const anywhere = await ask('POST', path, { name: 'Shop key', value });
    assert.equal((await ask('GET', `${path}/${anywhere.json.vault_id}`)).json.workspace_id, null);
    const audit = await ask('GET', '/v1/audit?limit=100');
    const said = audit.json.data.find((row: Json) => row.action === 'vault_secret.created');
    assert.equal(said.changes.name, 'Shop key');
    const stored = await world.crib.database.transaction('system', async (tx) => {
      const rows = await sql`select s.*, v.* from vault_secrets v
        join organizations o using (organization_id) join secrets s using (secret_id)
        where o.slug = ${slug}`.execute(tx.kysely);
      return JSON.stringify(rows.rows, (_key, cell: unknown) =>
        cell instanceof Uint8Array ? Buffer.from(cell).toString('latin1') : cell,
      );
    });
    for (const text of [made.text, read.text, listed.text, audit.text, stored, ...world.logged]) {
      assert.ok(!text.includes(value), text);
    }
  });

  test('are listed newest first in pages, with how many there are, by a cursor of this list', async () => {
    const { path, ask, keep } = await home();
    for (const name of ['one', 'two', 'three']) await keep({ name });
    const first = await ask('GET', `${path}?limit=2`);
    assert.deepEqual([first.json.total, first.json.has_more], [3, true]);
    const rest = await ask('GET', `${path}?limit=2&cursor=${first.json.next_cursor}`);
    assert.deepEqual([rest.json.total, rest.json.has_more, rest.json.next_cursor], [3, false, null]);
    const names = [...first.json.secrets, ...rest.json.secrets].map(({ name }: Json) => name);
    assert.deepEqual(new Set(names), new Set(['one', 'two', 'three']));
    for (const query of ['limit=0', 'limit=201', 'cursor=x']) {
      assert.equal((await ask('GET', `${path}?${query}`)).status, 422, query);
    }
  });

  test('are refused by the place of what is wrong, which never repeats the value', async () => {
    const { path, ask } = await home();
    const value = 'value-9e77-refused';
    const refused: [object, readonly (string | number)[]][] = [
      [{ value }, ['body', 'name']],
      [{ name: '  ', value }, ['body', 'name']],
      [{ name: 'x'.repeat(256), value }, ['body', 'name']],
      [{ name: 'x' }, ['body', 'value']],
      [{ name: 'x', value: '' }, ['body', 'value']],
      [{ name: 'x', value: value.repeat(2000) }, ['body', 'value']],
      [{ name: 'x', value: [value] }, ['body', 'value']],
      [{ name: 'x', value: { nested: value } }, ['body', 'value']],
      [{ name: 'x', value, zz: 1 }, ['body', 'zz']],
      [{ name: 'x', value, workspace_id: 'nowhere' }, ['body', 'workspace_id']],
      [{ name: 'x', value, workspace_id: 7 }, ['body', 'workspace_id']],
    ];
    for (const [body, loc] of refused) {
      const answer = await ask('POST', path, body);
      assert.equal(answer.status, 422, answer.text);
      assert.deepEqual(answer.json.detail[0].loc, loc);
      assert.ok(!answer.text.includes(value), answer.text);
    }
    assert.equal((await ask('GET', path)).json.total, 0);
  });

  test('are shredded by DELETE, and are as absent then as what never was', async () => {
    const { path, ask, keep } = await home();
    const id = await keep();
    assert.equal((await ask('DELETE', `${path}/${id}`)).status, 204);
    for (const method of ['GET', 'DELETE']) {
      assert.equal((await ask(method, `${path}/${id}`)).status, 404);
    }
    const audit = await ask('GET', '/v1/audit?limit=100');
    assert.ok(audit.json.data.some((row: Json) => row.action === 'vault_secret.deleted'));
  });

  test('of another organization are as absent as its path', async () => {
    const [ours, theirs] = [await home(), await home()];
    const id = await theirs.keep();
    assert.equal((await ours.ask('GET', `${ours.path}/${id}`)).status, 404);
    assert.equal((await ours.ask('DELETE', `${ours.path}/${id}`)).status, 404);
    for (const [method, body] of [['GET'], ['POST', { name: 'x', value: 'y' }]] as const) {
      assert.equal((await ours.ask(method, theirs.path, body)).status, 404);
      assert.equal((await world.ask(method, theirs.path, { body })).status, 404, 'the operator’s key too');
    }
    assert.equal((await theirs.ask('GET', theirs.path)).json.total, 1);
  });

  test('need credentials:write, and no key of some packs or users', async () => {
    const { path, ask, keyOf, keep } = await home();
    const id = await keep();
    const user = (await ask('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'u' })).json.data;
    const keys = [
      await keyOf(['tools:write', 'tools:read', 'connectors:read']),
      await keyOf(['credentials:write'], { user_ids: [user.id] }),
    ];
    for (const key of keys) {
      for (const [method, to, body] of [
        ['GET', path],
        ['POST', path, { name: 'x', value: 'y' }],
        ['GET', `${path}/${id}`],
        ['DELETE', `${path}/${id}`],
      ] as const) {
        assert.equal((await ask(method, to, body, key)).status, 403, `${method} ${to}`);
      }
    }
    assert.equal((await ask('GET', path, undefined, await keyOf(['credentials:write']))).status, 200);
  });

  test('of one workspace are for its keys alone; those of none are seen by all and changed by none of them', async () => {
    const { path, ask, keyOf, keep, workspace } = await home();
    const [east, west] = [await workspace('east'), await workspace('west')];
    const [eastern, western, anywhere] = [
      await keep({ name: 'east', workspace_id: east }),
      await keep({ name: 'west', workspace_id: west }),
      await keep({ name: 'any' }),
    ];
    const key = await keyOf(['credentials:write'], { workspace_ids: [east] });
    const seen = await ask('GET', path, undefined, key);
    assert.equal(seen.json.total, 2);
    assert.deepEqual(seen.json.secrets.map(({ name }: Json) => name).toSorted(), ['any', 'east']);
    assert.equal((await ask('GET', `${path}/${western}`, undefined, key)).status, 404);
    assert.equal((await ask('DELETE', `${path}/${western}`, undefined, key)).status, 404);
    assert.equal((await ask('GET', `${path}/${anywhere}`, undefined, key)).status, 200);
    assert.equal((await ask('DELETE', `${path}/${anywhere}`, undefined, key)).status, 403);
    assert.equal((await ask('POST', path, { name: 'x', value: 'y' }, key)).status, 403);
    const other = await ask('POST', path, { name: 'x', value: 'y', workspace_id: west }, key);
    assert.deepEqual(other.json.detail[0].loc, ['body', 'workspace_id']);
    await keep({ workspace_id: 'east' }, key);
    assert.equal((await ask('DELETE', `${path}/${eastern}`, undefined, key)).status, 204);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startWorld, type World } from '../world.ts';

let world: World;
before(async () => void (world = await startWorld()));
after(() => world.close());

describe('organizations', () => {
  it('are made by the operator’s admin key: {id, slug, name, admin_key}, the key once', async () => {
    const made = await world.ask('POST', '/v1/orgs', { body: { slug: 'acme', name: 'Acme, Inc.' } });
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.json), ['id', 'slug', 'name', 'admin_key']);
    assert.match(made.json.admin_key, /^tck_a/);
    const list = await world.ask('GET', '/v1/orgs');
    assert.doesNotMatch(list.text, /admin_key|tck_/);
    assert.equal(list.json[0].slug, 'default');
    assert.ok(list.json.some((row: { slug: string }) => row.slug === 'acme'));
  });

  it('take their slug from the name where none is given, and refuse a taken one with 409', async () => {
    const made = await world.ask('POST', '/v1/orgs', { body: { name: 'Größe & Söhne' } });
    assert.equal(made.json.slug, 'gro-e-so-hne');
    const again = await world.ask('POST', '/v1/orgs', { body: { slug: 'gro-e-so-hne', name: 'Other' } });
    assert.equal(again.status, 409);
    assert.equal(again.json.error, 'SLUG_TAKEN');
    assert.equal(again.json.status_code, 409);
  });

  it('are listed and made by nobody but the operator', async () => {
    const { key } = await world.organization();
    assert.equal((await world.ask('GET', '/v1/orgs', { key })).status, 403);
    assert.equal((await world.ask('POST', '/v1/orgs', { key, body: { name: 'X' } })).status, 403);
    const made = await world.ask('POST', '/v1/keys', { body: {} });
    assert.equal((await world.ask('GET', '/v1/orgs', { key: made.json.data.key })).status, 403);
  });

  it('are read by slug or id by their own keys and the operator’s', async () => {
    const { id, slug, key } = await world.organization();
    for (const name of [id, slug]) {
      assert.equal((await world.ask('GET', `/v1/orgs/${name}`, { key })).json.id, id);
      assert.equal((await world.ask('GET', `/v1/orgs/${name}`)).json.id, id);
    }
    assert.equal((await world.ask('GET', '/v1/orgs/default', { key })).status, 404);
  });

  it('change by PATCH: absent leaves, null clears', async () => {
    const { slug, key } = await world.organization();
    const path = `/v1/orgs/${slug}`;
    const urls = ['https://app.example/back', 'http://localhost:3000/back'];
    assert.deepEqual(
      (await world.ask('PATCH', path, { key, body: { callback_urls: urls } })).json.callback_urls,
      urls,
    );
    const renamed = await world.ask('PATCH', path, { key, body: { name: 'Renamed' } });
    assert.equal(renamed.json.name, 'Renamed');
    assert.deepEqual(renamed.json.callback_urls, urls);
    assert.deepEqual(
      (await world.ask('PATCH', path, { key, body: { callback_urls: null } })).json.callback_urls,
      [],
    );
    assert.equal((await world.ask('PATCH', path, { key, body: { slug: 'new' } })).status, 422);
  });

  it('refuse a callback address that is none, or holds user info, and say which', async () => {
    const { slug, key } = await world.organization();
    for (const odd of [
      'nope',
      'ftp://x.example',
      'https://a:b@x.example/',
      'https://x.example/#f',
      'javascript:alert(1)',
    ]) {
      const body = { callback_urls: ['https://ok.example/', odd] };
      const answer = await world.ask('PATCH', `/v1/orgs/${slug}`, { key, body });
      assert.equal(answer.status, 422, odd);
      assert.deepEqual(answer.json.detail[0].loc, ['body', 'callback_urls', 1]);
    }
  });

  it('have a workspace `default` and more when made; a taken slug is 409', async () => {
    const { slug, key } = await world.organization();
    const path = `/v1/orgs/${slug}/workspaces`;
    const first = await world.ask('GET', path, { key });
    assert.deepEqual(
      first.json.map((row: { slug: string }) => row.slug),
      ['default'],
    );
    const made = await world.ask('POST', path, { key, body: { slug: 'lab', name: 'Lab' } });
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.json), ['id', 'slug', 'name', 'created_at']);
    assert.equal((await world.ask('POST', path, { key, body: { slug: 'lab', name: 'Lab' } })).status, 409);
    assert.equal((await world.ask('GET', path, { key })).json.length, 2);
  });

  it('show a key bound to workspaces only those', async () => {
    const { slug, key } = await world.organization();
    const path = `/v1/orgs/${slug}/workspaces`;
    const lab = await world.ask('POST', path, { key, body: { slug: 'lab', name: 'Lab' } });
    const bound = await world.ask('POST', '/v1/keys', { key, body: { workspace_ids: [lab.json.id] } });
    const seen = await world.ask('GET', path, { key: bound.json.data.key });
    assert.deepEqual(
      seen.json.map((row: { slug: string }) => row.slug),
      ['lab'],
    );
    const more = await world.ask('POST', path, { key: bound.json.data.key, body: { slug: 'x', name: 'X' } });
    assert.equal(more.status, 403);
  });
});

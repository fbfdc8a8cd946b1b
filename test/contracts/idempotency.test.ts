import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { sql } from 'kysely';
import { startWorld, type World } from '../world.ts';

const clock = { shift: 0, now: () => new Date(Date.now() + clock.shift) };
let world: World;
let organization: { id: string; key: string };
before(async () => void (world = await startWorld({ clock })));
after(() => world.close());
beforeEach(async () => void (organization = await world.organization()));

const again = (name: string) => ({ 'idempotency-key': name });
const names = async (): Promise<string[]> => {
  const { json } = await world.ask('GET', '/v1/keys?limit=100', { key: organization.key });
  return json.data.map((row: { name: string }) => row.name);
};

describe('Idempotency-Key', () => {
  it('answers the same request again with the stored response, and does nothing', async () => {
    const { key } = organization;
    const request = { key, body: { name: 'once' }, headers: again('k-1') };
    const first = await world.ask('POST', '/v1/keys', request);
    const second = await world.ask('POST', '/v1/keys', request);
    assert.equal(first.status, 201);
    assert.equal(second.status, 201);
    assert.equal(second.text, first.text);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    assert.notEqual(second.headers.get('x-request-id'), first.headers.get('x-request-id'));
    assert.deepEqual(await names(), ['once', 'Admin key']);
  });

  it('executes once even for 20 at the same moment', async () => {
    const { key } = organization;
    const request = { key, body: { name: 'crowd' }, headers: again('k-20') };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.ask('POST', '/v1/keys', request)),
    );
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([201]));
    assert.equal(new Set(answers.map((answer) => answer.text)).size, 1);
    assert.deepEqual(await names(), ['crowd', 'Admin key']);
  });

  it('answers 409 idempotency_key_reused for another body, path or method', async () => {
    const { key } = organization;
    const headers = again('k-2');
    await world.ask('POST', '/v1/keys', { key, body: { name: 'a' }, headers });
    for (const [method, path, body, shape] of [
      ['POST', '/v1/keys', { name: 'b' }, (json: { error: { code: string } }) => json.error.code],
      ['POST', '/api/v1/access-keys/', { name: 'a' }, (json: { error: { code: string } }) => json.error.code],
      ['POST', '/v1/orgs', { name: 'a' }, (json: { error: string }) => json.error.toLowerCase()],
    ] as const) {
      const answer = await world.ask(method, path, { key, body, headers });
      assert.equal(answer.status, 409, path);
      assert.equal(shape(answer.json), 'idempotency_key_reused');
    }
  });

  it('belongs to the key that sent it', async () => {
    const other = await world.organization();
    for (const key of [organization.key, other.key]) {
      const answer = await world.ask('POST', '/v1/keys', {
        key,
        body: { name: key.slice(-4) },
        headers: again('same'),
      });
      assert.equal(answer.json.data.name, key.slice(-4));
    }
  });

  it('keeps refusals below 500 as well', async () => {
    const { key } = organization;
    const request = { key, body: { nme: 'x' }, headers: again('k-3') };
    const first = await world.ask('POST', '/v1/keys', request);
    const second = await world.ask('POST', '/v1/keys', request);
    assert.equal(second.status, 422);
    assert.equal(second.text, first.text);
  });

  it('is 1 to 128 visible ASCII characters', async () => {
    const { key } = organization;
    for (const [name, status] of [
      ['x', 201],
      ['~'.repeat(128), 201],
      ['', 422],
      ['a b', 422],
      ['x'.repeat(129), 422],
      ['\u00e4', 422],
    ] as const) {
      const answer = await world.ask('POST', '/v1/keys', { key, body: {}, headers: again(name) });
      assert.equal(answer.status, status, name);
    }
  });

  it('works for PATCH, and is no matter for GET', async () => {
    const { key } = organization;
    const made = await world.ask('POST', '/v1/users', {
      key,
      body: { origin_user_id: 'u', origin_user_name: 'U' },
    });
    const path = `/v1/users/${made.json.data.id}`;
    const request = { key, body: { origin_user_name: 'First' }, headers: again('k-4') };
    const first = await world.ask('PATCH', path, request);
    await world.ask('PATCH', path, { key, body: { origin_user_name: 'Second' } });
    assert.equal((await world.ask('PATCH', path, request)).text, first.text);
    assert.equal(
      (await world.ask('GET', path, { key, headers: again('k-4') })).json.data.origin_user_name,
      'Second',
    );
  });

  it('keeps its responses sealed', async () => {
    const { key, id } = organization;
    const made = await world.ask('POST', '/v1/keys', {
      key,
      body: { name: 'sealed-name' },
      headers: again('k-5'),
    });
    const { rows } = await world.crib.database.transaction({ organizationId: id }, (tx) =>
      sql<{ response: Buffer }>`select response from idempotency where idempotency_key = 'k-5'`.execute(
        tx.kysely,
      ),
    );
    const stored = rows[0]!.response.toString('latin1');
    assert.equal(stored.includes('sealed-name') || stored.includes(made.json.data.key), false);
  });

  it('is forgotten after 24 hours', async () => {
    const { key } = organization;
    const request = { key, body: { name: 'daily', expires_at: null }, headers: again('k-6') };
    await world.ask('POST', '/v1/keys', request);
    clock.shift = 23.9 * 3_600_000;
    await world.ask('POST', '/v1/keys', request);
    assert.deepEqual(await names(), ['daily', 'Admin key']);
    clock.shift = 24.1 * 3_600_000;
    await world.ask('POST', '/v1/keys', request);
    assert.deepEqual(await names(), ['daily', 'daily', 'Admin key']);
    clock.shift = 0;
  });
});

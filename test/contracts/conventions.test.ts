import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
before(async () => void (world = await startWorld()));
after(() => world.close());

describe('bodies', () => {
  const json = { 'content-type': 'application/json' };

  it('refuses more than 1 MiB with 413, whether declared or dripped', async () => {
    const raw = JSON.stringify({ name: 'x'.repeat(1024 * 1024) });
    const answer = await world.ask('POST', '/v1/keys', { raw, headers: json });
    assert.equal(answer.status, 413);
    assert.equal(answer.json['error']['code'], 'payload_too_large');
    const dripped = await new Promise<number>((resolve, reject) => {
      const headers = { ...json, authorization: `Bearer ${world.adminKey}`, 'transfer-encoding': 'chunked' };
      const request = httpRequest(
        { host: '127.0.0.1', port: world.port, path: '/v1/keys', method: 'POST', headers },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      request.on('error', reject);
      for (let at = 0; at < 20; at += 1) request.write('x'.repeat(100_000));
      request.end();
    });
    assert.equal(dripped, 413);
  });

  it('refuses another content type with 415', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json; charset=latin1',
      'multipart/form-data',
    ]) {
      const answer = await world.ask('POST', '/v1/keys', { raw: '{}', headers: { 'content-type': type } });
      assert.equal(answer.status, 415, type);
    }
    const charset = { 'content-type': 'Application/JSON; charset="UTF-8"' };
    assert.equal((await world.ask('POST', '/v1/keys', { raw: '{}', headers: charset })).status, 201);
  });

  it('refuses malformed JSON with 400: broken, twice the same key, too deep, not UTF-8', async () => {
    const bodies = [
      '{',
      '{"name":"a","name":"b"}',
      '{"n":1,"\\u006e":2}',
      `{"name":${'['.repeat(500)}${']'.repeat(500)}}`,
      new Uint8Array([0x22, 0xff, 0x22]),
      '\ufeff\ufeff{}',
    ];
    for (const raw of bodies) {
      const answer = await world.ask('POST', '/v1/keys', { raw, headers: json });
      assert.equal(answer.status, 400, String(raw).slice(0, 20));
      assert.equal(answer.json['error']['code'], 'malformed_json');
    }
  });

  it('refuses an unknown field and names its place', async () => {
    for (const [path, status] of [
      ['/v1/keys', 422],
      ['/api/v1/access-keys/', 400],
    ] as const) {
      const answer = await world.ask('POST', path, { body: { name: 'a', nickname: 'b' } });
      assert.equal(answer.status, status);
      assert.equal(answer.json['error']['param'], '/nickname');
    }
    const hidden = await world.ask('POST', '/v1/keys', { raw: '{"__proto__":{}}', headers: json });
    assert.equal(hidden.status, 422);
    assert.equal(hidden.json['error']['param'], '/__proto__');
  });

  it('refuses a body where none is taken', async () => {
    const { json: made } = await world.ask('POST', '/v1/keys', { body: {} });
    const answer = await world.ask('POST', `/v1/keys/${made['data']['id']}/regenerate`, {
      body: { force: true },
    });
    assert.equal(answer.status, 422);
  });

  it('refuses text no database can hold, in a body and in a query', async () => {
    for (const raw of ['{"name":"a\\u0000b"}', '{"name":"\\ud800"}']) {
      assert.equal((await world.ask('POST', '/v1/keys', { raw, headers: json })).status, 422);
    }
    assert.equal((await world.ask('GET', '/v1/users?origin_user_id=%00')).status, 422);
    assert.equal((await world.ask('GET', '/v1/orgs/%00')).status, 422);
  });

  it('takes either form of an id', async () => {
    const { json: made } = await world.ask('POST', '/v1/users', {
      body: { origin_user_id: 'two-forms', origin_user_name: 'T' },
    });
    const id: string = made['data']['id'];
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    const digits = id.replaceAll('-', '');
    const hex = digits.slice(0, 12) + digits.slice(13, 16) + digits.slice(17, 20) + digits.slice(20, 26);
    for (const form of [hex, `user_${hex}`, id.toUpperCase()]) {
      assert.equal((await world.ask('GET', `/v1/users/${form}`)).json['data']['id'], id, form);
    }
  });

  it('answers times in UTC with milliseconds', async () => {
    const { json: made } = await world.ask('POST', '/v1/keys', {
      body: { expires_at: '2027-01-02T03:04:05+02:00' },
    });
    assert.equal(made['data']['expires_at'], '2027-01-02T01:04:05.000Z');
    assert.match(made['data']['created_at'], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
});

describe('lists', () => {
  it('pages /api/v1 by number: 50 unless said, cut to 100, with links to both sides', async () => {
    const { key } = await world.organization();
    for (let at = 0; at < 5; at += 1) await world.ask('POST', '/v1/keys', { key, body: { name: `k${at}` } });
    const first = await world.ask('GET', '/api/v1/access-keys/?page_size=2', { key });
    assert.equal(first.json['count'], 6);
    assert.equal(first.json['previous'], null);
    assert.equal(first.json['next'], `${world.url}/api/v1/access-keys/?page_size=2&page=2`);
    const seen: string[] = [];
    for (let link: string | null = first.json['next']; link;) {
      const page = await world.ask('GET', link.slice(world.url.length), { key });
      seen.push(...page.json['results'].map((row: Json) => row['name']));
      link = page.json['next'];
    }
    assert.deepEqual(seen, ['k2', 'k1', 'k0', 'Admin key']);
    assert.equal((await world.ask('GET', '/api/v1/access-keys?page_size=500', { key })).status, 200);
    assert.deepEqual((await world.ask('GET', '/api/v1/access-keys?page=99', { key })).json['results'], []);
  });

  it('refuses an unreadable page or one below 1 with 400', async () => {
    for (const query of ['page=0', 'page=x', 'page_size=0', 'page_size=-1', 'page=1.5', 'page=']) {
      assert.equal((await world.ask('GET', `/api/v1/access-keys/?${query}`)).status, 400, query);
    }
  });

  it('pages /v1 by cursor; every row that stays is seen exactly once whatever comes and goes', async () => {
    const { key } = await world.organization();
    const made: string[] = [];
    for (let at = 0; at < 6; at += 1) {
      const { json } = await world.ask('POST', '/v1/users', {
        key,
        body: { origin_user_id: `u${at}`, origin_user_name: 'U' },
      });
      made.unshift(json['data']['id']);
    }
    const first = await world.ask('GET', '/v1/users?limit=2', { key });
    assert.deepEqual(
      first.json['data'].map((row: Json) => row['id']),
      made.slice(0, 2),
    );
    // The row the cursor stands on goes, and a new one comes in front.
    await world.ask('DELETE', `/v1/users/${made[1]}`, { key });
    await world.ask('POST', '/v1/users', { key, body: { origin_user_id: 'late', origin_user_name: 'U' } });
    const second = await world.ask('GET', `/v1/users?limit=2&cursor=${first.json['meta']['next_cursor']}`, {
      key,
    });
    const third = await world.ask('GET', `/v1/users?limit=2&cursor=${second.json['meta']['next_cursor']}`, {
      key,
    });
    const rest = [...second.json['data'], ...third.json['data']].map((row: Json) => row['id']);
    assert.deepEqual(rest, made.slice(2));
    assert.equal(third.json['meta']['next_cursor'], null);
  });

  it('refuses a cursor of another list, another filter or another organization', async () => {
    const { key } = await world.organization();
    for (const id of ['a', 'b'])
      await world.ask('POST', '/v1/users', { key, body: { origin_user_id: id, origin_user_name: id } });
    const cursor = (await world.ask('GET', '/v1/users?limit=1', { key })).json['meta']['next_cursor'];
    const other = (await world.organization()).key;
    for (const [path, as] of [
      ['/v1/keys', key],
      ['/v1/users?origin_user_id=a', key],
      ['/v1/users', other],
    ] as const) {
      const answer = await world.ask('GET', `${path}${path.includes('?') ? '&' : '?'}cursor=${cursor}`, {
        key: as,
      });
      assert.equal(answer.status, 422, path);
      assert.equal(answer.json['error']['param'], 'cursor');
    }
    for (const odd of ['x', '%00', 'e30', '']) {
      assert.equal((await world.ask('GET', `/v1/users?cursor=${odd}`, { key })).status, 422, odd);
    }
  });

  it('takes 1 to 100 for limit', async () => {
    for (const [limit, status] of [
      ['1', 200],
      ['100', 200],
      ['0', 422],
      ['101', 422],
      ['x', 422],
    ] as const) {
      assert.equal((await world.ask('GET', `/v1/keys?limit=${limit}`)).status, status, limit);
    }
  });
});

describe('rate limits', () => {
  it('tells limit, rest and reset on every authenticated response', async () => {
    for (const path of ['/v1/keys', '/v1/nowhere', '/api/v1/access-keys/?page=0']) {
      const { headers } = await world.ask('GET', path);
      assert.equal(headers.get('x-ratelimit-limit'), '1000');
      assert.ok(Number(headers.get('x-ratelimit-remaining')) < 1000);
      assert.ok(Number(headers.get('x-ratelimit-reset')) * 1000 > Date.now());
    }
  });

  it('answers 429 with Retry-After above a key’s own limit, and lets other keys be', async () => {
    const { json } = await world.ask('POST', '/v1/keys', { body: { rate_limit: { per_hour: 3 } } });
    const key: string = json['data']['key'];
    for (let at = 0; at < 3; at += 1) assert.equal((await world.ask('GET', '/v1/keys', { key })).status, 200);
    const refused = await world.ask('GET', '/v1/keys', { key });
    assert.equal(refused.status, 429);
    assert.equal(refused.json['error']['code'], 'rate_limited');
    assert.ok(Number(refused.headers.get('retry-after')) >= 1);
    assert.equal(refused.headers.get('x-ratelimit-remaining'), '0');
    assert.equal((await world.ask('GET', '/v1/keys')).status, 200);
  });

  it('does not count calls of tools', async () => {
    const { json } = await world.ask('POST', '/v1/keys', { body: { rate_limit: { per_hour: 2 } } });
    const key: string = json['data']['key'];
    for (let at = 0; at < 5; at += 1) {
      assert.equal(
        (await world.ask('POST', '/v1/calls', { key, body: { pack: 'none', tool: 'x' } })).status,
        404,
      );
    }
    assert.equal((await world.ask('GET', '/v1/keys', { key })).headers.get('x-ratelimit-remaining'), '1');
  });
});

describe('what describes the API', () => {
  it('is OpenAPI 3.1 with every route, and each contract apart', async () => {
    const { json: whole } = await world.ask('GET', '/openapi.json', { key: '' });
    assert.equal(whole['openapi'], '3.1.0');
    let apart = 0;
    for (const name of ['toolcrib', 'tool-packs', 'connection-tools', 'connectors', 'orgs']) {
      const { status, json } = await world.ask('GET', `/openapi/${name}.json`, { key: '' });
      assert.equal(status, 200);
      apart += Object.keys(json['paths'] ?? {}).length;
    }
    assert.equal(apart, Object.keys(whole['paths']).length);
    for (const path of [
      '/v1/keys',
      '/v1/calls/stream',
      '/api/v1/registered-users/{id}/',
      '/v1/orgs/{org}/workspaces',
      '/v1/agents/{id}',
      '/healthz',
    ]) {
      assert.ok(whole['paths'][path], path);
    }
    assert.ok(whole['components']['schemas']['Key']);
    assert.equal((await world.ask('GET', '/openapi/nothing.json')).status, 404);
  });

  it('is rendered at /docs without script or anything from elsewhere', async () => {
    const { text, headers } = await world.ask('GET', '/docs', { key: '' });
    assert.match(text, /\/v1\/keys\/\{id\}\/regenerate/);
    assert.ok(text.indexOf('id="toolcrib"') < text.indexOf('id="compatibility"'));
    assert.doesNotMatch(text, /<script|https?:\/\/(?!127)/);
    assert.match(text, /prefers-color-scheme: dark/);
    assert.match(headers.get('content-security-policy')!, /style-src 'sha256-/);
  });

  it('is Markdown at /docs.md, and where the bare address leads is /docs', async () => {
    const { text, headers } = await world.ask('GET', '/docs.md', { key: '' });
    assert.match(headers.get('content-type')!, /^text\/markdown/);
    assert.match(text, /- GET \/v1\/keys: /);
    const bare = await fetch(`${world.url}/`, { redirect: 'manual' });
    assert.equal(bare.status, 302);
    assert.equal(bare.headers.get('location'), '/docs');
  });

  it('is plain text at /llms.txt', async () => {
    assert.match((await world.ask('GET', '/llms.txt', { key: '' })).text, /- GET \/v1\/keys: /);
  });

  it('counts requests by route at /metrics, for a key with management:all alone', async () => {
    const { json } = await world.ask('POST', '/v1/keys', { body: { scopes: ['packs:read'] } });
    assert.equal((await world.ask('GET', '/metrics', { key: json['data']['key'] })).status, 403);
    const { text } = await world.ask('GET', '/metrics');
    assert.match(text, /toolcrib_http_requests_total\{method="POST",route="\/v1\/keys",status="201"\} [1-9]/);
    assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-8/);
  });
});

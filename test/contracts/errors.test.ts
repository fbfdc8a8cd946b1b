import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { liftRate, startWorld, type World } from '../world.ts';

let world: World;
before(async () => void (world = await startWorld()));
after(() => world.close());

const absent = '5ebc5dd6-e922-84d5-8c53-3601b05ebc5d';

describe('tool packs', () => {
  it('answer {"error": {type, code, message, documentation_url, param?}}', async () => {
    const answer = await world.ask('POST', '/api/v1/registered-users/', { body: { origin_user_id: '' } });
    assert.equal(answer.status, 400);
    assert.deepEqual(answer.json['error'], {
      type: 'validation_error',
      code: 'invalid_request',
      message: 'origin_user_id: String should have at least 1 character; origin_user_name: Field required',
      documentation_url: `${world.url}/docs#errors`,
      param: '/origin_user_id',
    });
  });

  it('point into the body with a JSON pointer', async () => {
    const body = { tool_pack_ids: [absent, 'no'] };
    const answer = await world.ask('POST', '/api/v1/access-keys/', { body });
    assert.equal(answer.json['error']['param'], '/tool_pack_ids/1');
  });

  it('answer 400 for an unreadable id in a path and 404 for an absent one', async () => {
    assert.equal((await world.ask('GET', '/api/v1/registered-users/nobody/')).status, 400);
    const answer = await world.ask('GET', `/api/v1/registered-users/${absent}/`);
    assert.equal(answer.status, 404);
    assert.equal(answer.json['error']['type'], 'not_found_error');
  });

  it('take a path with and without its trailing slash', async () => {
    for (const path of ['/api/v1/registered-users', '/api/v1/registered-users/']) {
      assert.equal((await world.ask('GET', path)).status, 200);
    }
  });

  it('answer an unknown route in their own shape', async () => {
    const answer = await world.ask('GET', '/api/v1/nowhere/');
    assert.equal(answer.status, 404);
    assert.deepEqual(Object.keys(answer.json['error']), ['type', 'code', 'message', 'documentation_url']);
  });
});

describe('connection tools', () => {
  it('answer an unknown route in their own shape', async () => {
    const answer = await world.ask('GET', '/v1/integrations/nowhere');
    assert.equal(answer.status, 404);
    assert.deepEqual(answer.json, { detail: 'Not found.' });
  });

  it('answer a missing key in their own shape', async () => {
    const answer = await world.ask('GET', '/v1/integrations/connections', { key: '' });
    assert.equal(answer.status, 401);
    assert.equal(typeof answer.json['detail'], 'string');
  });
});

describe('organizations', () => {
  it('answer validation as FastAPI does, every problem at once, keys in order', async () => {
    const answer = await world.ask('POST', '/v1/orgs', {
      body: { slug: 'Not A Slug', name: 7, colour: 'red' },
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.json, {
      detail: [
        {
          type: 'value_error',
          loc: ['body', 'slug'],
          msg: 'A slug is 1 to 63 lower-case letters, digits and inner hyphens, and not an id',
          input: 'Not A Slug',
        },
        { type: 'string_type', loc: ['body', 'name'], msg: 'Input should be a valid string', input: 7 },
        { type: 'extra_forbidden', loc: ['body', 'colour'], msg: 'Extra inputs are not permitted' },
      ],
    });
    assert.deepEqual(Object.keys(answer.json['detail'][0]!), ['type', 'loc', 'msg', 'input']);
  });

  it('name a field that is missing, and a body that is no object', async () => {
    const missing = await world.ask('POST', '/v1/orgs', { body: {} });
    assert.deepEqual(missing.json['detail'], [
      { type: 'missing', loc: ['body', 'name'], msg: 'Field required', input: {} },
    ]);
    const list = await world.ask('POST', '/v1/orgs', { body: [] });
    assert.equal(list.json['detail'][0]!['type'], 'model_attributes_type');
    const none = await world.ask('POST', '/v1/orgs');
    assert.deepEqual(none.json['detail'], [
      { type: 'missing', loc: ['body'], msg: 'Field required', input: null },
    ]);
  });

  it('answer everything else as {error, message, details, timestamp, status_code}', async () => {
    const answer = await world.ask('GET', `/v1/orgs/${absent}`);
    assert.equal(answer.status, 404);
    const { timestamp, ...rest } = answer.json;
    assert.deepEqual(rest, {
      error: 'RESOURCE_NOT_FOUND',
      message: 'Not found.',
      details: {},
      status_code: 404,
    });
    assert.match(String(timestamp), /Z$/);
  });
});

describe('the own API', () => {
  it('answers {"error": {code, message, request_id, param?}} with the id of the response', async () => {
    const answer = await world.ask('POST', '/v1/users', {
      body: { origin_user_id: 'a', origin_user_name: 'b', shared_credential_group: { company: 1 } },
    });
    assert.equal(answer.status, 422);
    assert.deepEqual(answer.json['error'], {
      code: 'validation_error',
      message: 'shared_credential_group.company: Extra inputs are not permitted',
      request_id: answer.headers.get('x-request-id'),
      param: '/shared_credential_group/company',
    });
  });

  it('answers 422 for an unreadable id in a path', async () => {
    for (const id of ['x', '1', 'undefined', `${absent}0`, encodeURIComponent('ä')]) {
      assert.equal((await world.ask('GET', `/v1/users/${id}`)).status, 422, id);
    }
  });

  it('answers 405 with Allow where the path has other methods, and 404 where there is no such path', async () => {
    const answer = await world.ask('PUT', '/v1/keys');
    assert.equal(answer.status, 405);
    assert.equal(answer.json['error']['code'], 'method_not_allowed');
    assert.equal(answer.headers.get('allow'), 'GET, POST');
    assert.equal((await world.ask('GET', '/v1/keys/')).status, 404);
  });
});

describe('what belongs to somebody else', () => {
  it('does not exist: absent and foreign are told alike, byte for byte apart from id and time', async () => {
    const mine = await world.organization();
    const theirs = await world.organization();
    const key = mine.key;
    const user = await world.ask('POST', '/v1/users', {
      key: theirs.key,
      body: { origin_user_id: 'u', origin_user_name: 'U' },
    });
    const made = await world.ask('POST', '/v1/keys', { key: theirs.key, body: {} });
    const routes: readonly (readonly [string, (id: string) => string, string, unknown?])[] = [
      ['GET', (id) => `/v1/users/${id}`, user.json['data']['id']],
      ['PATCH', (id) => `/v1/users/${id}`, user.json['data']['id'], { origin_user_name: 'X' }],
      ['DELETE', (id) => `/v1/users/${id}`, user.json['data']['id']],
      ['GET', (id) => `/api/v1/registered-users/${id}/`, user.json['data']['id']],
      ['PATCH', (id) => `/api/v1/registered-users/${id}/`, user.json['data']['id'], {}],
      ['DELETE', (id) => `/api/v1/registered-users/${id}/`, user.json['data']['id']],
      ['DELETE', (id) => `/v1/keys/${id}`, made.json['data']['id']],
      ['POST', (id) => `/v1/keys/${id}/regenerate`, made.json['data']['id']],
      ['GET', (id) => `/api/v1/access-keys/${id}/`, made.json['data']['id']],
      ['POST', (id) => `/api/v1/access-keys/${id}/revoke/`, made.json['data']['id']],
      ['GET', (id) => `/v1/orgs/${id}`, theirs.id],
      ['PATCH', (id) => `/v1/orgs/${id}`, theirs.id, { name: 'X' }],
      ['GET', (id) => `/v1/orgs/${id}/workspaces`, theirs.id],
      ['POST', (id) => `/v1/orgs/${id}/workspaces`, theirs.id, { slug: 'w', name: 'W' }],
      ['GET', (id) => `/v1/calls/${id}`, theirs.id],
    ];
    const plain = (text: string) => text.replace(/req_[0-9a-f]{24}/, '').replace(/"timestamp":"[^"]+"/, '');
    for (const [method, path, foreign, body] of routes) {
      const a = await world.ask(method, path(foreign), { key, body });
      const b = await world.ask(method, path(absent), { key, body });
      assert.equal(a.status, 404, `${method} ${path('…')}`);
      assert.equal(plain(a.text), plain(b.text));
      assert.doesNotMatch(a.text, new RegExp(foreign));
    }
  });

  it('is told alike in a body too', async () => {
    const mine = await world.organization();
    const theirs = await world.organization();
    const user = await world.ask('POST', '/v1/users', {
      key: theirs.key,
      body: { origin_user_id: 'u', origin_user_name: 'U' },
    });
    const plain = (text: string) => text.replace(/req_[0-9a-f]{24}/, '');
    const answers: string[] = [];
    for (const id of [user.json['data']['id'], absent]) {
      const answer = await world.ask('POST', '/v1/keys', { key: mine.key, body: { user_ids: [id] } });
      assert.equal(answer.status, 422);
      assert.equal(answer.json['error']['param'], '/user_ids');
      answers.push(plain(answer.text));
    }
    assert.equal(answers[0], answers[1]);
  });
});

describe('nothing a client sends', () => {
  it('causes a 500', async () => {
    // A key of many requests, or the rate limit would answer for most of these.
    world.logged.splice(0); // what was refused before is logged as refused
    await liftRate(world, world.adminKey);
    const made = await world.ask('POST', '/v1/keys', { body: {} });
    const key: string = made.json['data']['key'];
    const odd = [
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '1',
      '{"name":{}}',
      '{"name":null}',
      '{"scopes":{}}',
      '{"scopes":[null]}',
      '{"expires_at":"9999-99-99"}',
      '{"expires_at":1e999}',
      '{"expires_in":1e308}',
      '{"rate_limit":[]}',
      '{"constructor":{}}',
      '{"toString":1}',
      '{"origin_user_id":"a","origin_user_name":"b","shared_credential_group":{"custom_groupings":{"__proto__":{"a":1}}}}',
      '{"slug":"default","name":"taken"}',
      '{"callback_urls":["x"]}',
    ];
    const ids = [absent, 'x', '%00', '%', '%ff', '..%2f', 'default', '__proto__', 'constructor'];
    const paths = [
      '/v1/keys',
      '/v1/users',
      '/v1/orgs',
      '/v1/calls',
      '/v1/audit',
      '/api/v1/access-keys/',
      '/api/v1/registered-users/',
      '/api/v1/audit-log/',
      '/openapi/constructor',
      ...ids.flatMap((id) => [
        `/v1/keys/${id}`,
        `/v1/users/${id}`,
        `/v1/orgs/${id}`,
        `/v1/orgs/${id}/workspaces`,
        `/v1/calls/${id}`,
        `/api/v1/access-keys/${id}/regenerate/`,
      ]),
    ];
    const queries = [
      '',
      '?page=9999999999999999',
      '?cursor=AAAA',
      '?limit=1e9',
      '?from=x',
      '?from=0000-01-01',
      '?to=275760-09-13',
      '?created_after=%00',
      '?outcome=__proto__',
      '?status_code=99999999999',
      '?actor_id=%F0%9F%98%80',
      '?tool=%ED%A0%80',
    ];
    for (const path of paths) {
      for (const query of queries) {
        const { status, text } = await world.ask('GET', path + query, { key });
        assert.ok(status < 500 && status !== 429, `GET ${path}${query} ${status} ${text}`);
      }
      for (const raw of odd) {
        for (const method of ['POST', 'PATCH']) {
          const { status, text } = await world.ask(method, path, {
            key,
            raw,
            headers: { 'content-type': 'application/json' },
          });
          assert.ok(status < 500 && status !== 429, `${method} ${path} ${raw} ${status} ${text}`);
        }
      }
    }
    assert.deepEqual(world.logged, []);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { startWorld, type Json, type World } from '../world.ts';

const connector = (url: string, version = 1, more: object = {}) => ({
  slug: 'weather',
  version,
  name: 'Weather',
  description: 'Reads the weather.',
  categories: ['weather'],
  source_url: null,
  logo_url: null,
  changelog: 'First.',
  kind: 'http',
  base_url: url,
  auth: [{ type: 'bearer', source: 'https://weather.example/docs' }],
  tools: [
    {
      name: 'read_weather',
      title: 'Read the weather',
      description: 'Reads the weather of a place.',
      effect: 'read',
      request: 'GET /weather',
      input: { place: { type: 'string', in: 'query' } },
      required: ['place'],
    },
  ],
  ...more,
});

describe('own API: catalog', () => {
  let world: World;
  let service: Fake;
  before(async () => {
    service = await httpService((_seen, response) => sendJson(response, { sky: 'blue' }));
    world = await startWorld();
  });
  after(async () => {
    await world.close();
    await service.close();
  });
  const release = (body: unknown, key?: string) => world.fetchJson('POST', '/v1/catalog', body, key);

  test('the shipped connectors are a cursor list by slug, sign-in methods in order of effort', async () => {
    const seen: Json[] = [];
    let path = '/v1/catalog?limit=3';
    for (;;) {
      const { json } = await world.ask('GET', path);
      seen.push(...json.data);
      if (json.meta.next_cursor === null) break;
      path = `/v1/catalog?limit=3&cursor=${json.meta.next_cursor}`;
    }
    const slugs = seen.map(({ slug }) => slug);
    assert.deepEqual(
      slugs,
      [...new Set(slugs)].sort((a, b) => (a < b ? -1 : 1)),
    );
    for (const slug of ['slack', 'notion', 'google_drive', 'calcom', 'twilio'])
      assert.ok(slugs.includes(slug), slug);
    const { json } = await world.ask('GET', '/v1/catalog/slack');
    assert.ok(json.data.sign_in.length > 0);
    assert.equal(json.data.tools.length, json.data.tool_count);
    assert.equal((await world.ask('GET', '/v1/catalog/nothing')).status, 404);
  });

  test('a connector is released once: again the same, a higher version goes on, other content is 409', async () => {
    const first = await release(connector(service.url));
    assert.equal(first.status, 201, first.text);
    assert.deepEqual(first.json.data.versions, [1]);
    assert.equal((await release(connector(service.url))).status, 201);
    const other = await release(connector(service.url, 1, { name: 'Other weather' }));
    assert.equal(other.status, 409);
    assert.equal(other.json.error.code, 'version_released');
    const second = await release(connector(service.url, 3, { changelog: 'Third.' }));
    assert.equal(second.status, 201);
    assert.deepEqual(second.json.data.versions, [3, 1]);
    assert.equal((await release(connector(service.url, 2))).status, 409);
    const audit = await world.ask('GET', '/v1/audit?limit=100');
    const rows = audit.json.data.filter(({ action }: Json) => action === 'connector.released');
    assert.equal(rows.length, 2);
  });

  test('an imported document’s connector is released by reading it again, not by hand', async () => {
    const operation = { get: { operationId: 'look', responses: { 200: { description: 'ok' } } } };
    const document = {
      openapi: '3.1.0',
      info: { title: 'Sky', version: '1' },
      servers: [{ url: service.url }],
      paths: { '/sky': operation },
    };
    await world.fetchJson('POST', '/v1/connections', { kind: 'openapi', nickname: 'Sky', document });
    const { status, json } = await release(connector(service.url, 5, { slug: 'sky' }));
    assert.equal(status, 409);
    assert.equal(json.error.code, 'connector_imported');
  });

  test('a file that is no connector is refused with its problem’s place', async () => {
    const wrong = await release(connector(service.url, 9, { kind: 'smtp' }));
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.error.param, '/kind');
    assert.equal((await release({})).status, 422);
    assert.equal((await release([])).status, 422);
  });

  test('an organization’s connector is nobody else’s', async () => {
    const other = await world.organization();
    assert.equal((await world.ask('GET', '/v1/catalog/weather', { key: other.key })).status, 404);
    assert.equal((await release(connector(service.url, 1, { name: 'Theirs' }), other.key)).status, 201);
  });

  test('a released connector connects with its credential and serves its tools', async () => {
    const body = {
      kind: 'catalog',
      connector: 'weather',
      nickname: 'Weather',
      credential: { token: 'weather-token-1' },
    };
    const { status, json, text } = await world.fetchJson('POST', '/v1/connections', body);
    assert.equal(status, 201, text);
    assert.deepEqual(json.data.connector, { slug: 'weather', version: 3 });
    assert.ok(!text.includes('weather-token-1'));
    await world.fetchJson('POST', '/v1/packs', { name: 'Sky', entries: [{ slug: 'weather' }] });
    const called = await world.fetchJson('POST', '/v1/calls', {
      pack: 'sky',
      tool: 'weather__read_weather',
      arguments: { place: 'Ghent' },
    });
    assert.deepEqual(called.json.structuredContent, { sky: 'blue' }, called.text);
    assert.equal(service.requests.at(-1)!.headers.authorization, 'Bearer weather-token-1');
    const wrong = await world.fetchJson('POST', '/v1/connections', {
      ...body,
      credential: { api_key: 'weather-token-1' },
    });
    assert.equal(wrong.status, 422);
    assert.equal(wrong.json.error.param, '/credential/token');
    const unknown = await world.fetchJson('POST', '/v1/connections', { ...body, connector: 'nothing' });
    assert.equal(unknown.json.error.param, '/connector');
  });
});

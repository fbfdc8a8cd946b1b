import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';

const connector = (version = 1, more: object = {}) => ({
  slug: 'weather',
  version,
  name: 'Weather',
  description: 'Reads the weather.',
  categories: ['weather', 'maps'],
  source_url: 'https://weather.example',
  logo_url: null,
  changelog: `Version ${version}.`,
  kind: 'http',
  base_url: 'https://{region}.weather.example',
  config: [
    {
      name: 'region',
      display_name: 'Region',
      type: 'select',
      required: true,
      options: [{ label: 'Europe', value: 'eu' }],
      widget_options: { searchable: true },
    },
    {
      name: 'days',
      display_name: 'Days',
      type: 'integer',
      required: false,
      default: 3,
      validation: { min: 1 },
    },
  ],
  auth: [
    {
      type: 'api_key',
      in: 'header',
      name: 'X-Weather',
      fields: { api_key: { label: 'Weather key', description: 'Under Settings.' } },
      source: 'https://weather.example/docs',
    },
    {
      type: 'oauth2',
      authorization_url: 'https://weather.example/authorize',
      token_url: 'https://weather.example/token',
      scopes: ['read'],
      scope_meanings: { read: 'Read the weather.' },
      pkce: true,
      client_auth: 'none',
      rotation: false,
      margin_seconds: 60,
      source: 'https://weather.example/docs',
    },
  ],
  tools: [
    {
      name: 'read_weather',
      title: 'Read the weather',
      description: 'Reads the weather of a place.',
      effect: 'read',
      request: 'GET /weather',
      input: { place: { type: 'string', in: 'query' } },
    },
  ],
  ...more,
});

describe('tools of the catalog: /v1/orgs/{org}/tools', () => {
  let world: World;
  before(async () => void (world = await startWorld()));
  after(() => world.close());

  /** An organization with its base path. */
  async function organization() {
    const { slug, id, key } = await world.organization();
    const base = `/v1/orgs/${slug}/tools`;
    return {
      id,
      key,
      base,
      get: (path = '') => world.ask('GET', `${base}${path}`, { key }),
      release: (body: unknown) => world.ask('POST', base, { key, body }),
    };
  }

  test('are a list of {total, has_more, next_cursor, tools}, read page by page', async () => {
    const org = await organization();
    const whole = await org.get('?limit=200');
    assert.equal(whole.status, 200, whole.text);
    assert.deepEqual(Object.keys(whole.json), ['total', 'has_more', 'next_cursor', 'tools']);
    assert.equal(whole.json.total, whole.json.tools.length);
    const slugs = whole.json.tools.map(({ slug }: Json) => slug);
    assert.ok(slugs.includes('slack'));
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const { json } = await org.get(`?limit=7${cursor}`);
      seen.push(...json.tools.map(({ slug }: Json) => slug));
      assert.equal(json.has_more, json.next_cursor !== null);
      assert.equal(json.total, slugs.length);
      if (!json.has_more) break;
      cursor = `&cursor=${json.next_cursor}`;
    }
    assert.deepEqual(seen, slugs);
    for (const limit of ['0', '201', 'x']) {
      const { status, json } = await org.get(`?limit=${limit}`);
      assert.equal(status, 422);
      assert.deepEqual(json.detail[0].loc, ['query', 'limit']);
    }
    const foreign = await organization();
    const { json } = await org.get('?limit=1');
    assert.equal((await foreign.get(`?cursor=${json.next_cursor}`)).status, 422);
  });

  test('are read by id or slug, with versions, both schemas and actions', async () => {
    const org = await organization();
    const released = await org.release(connector());
    assert.equal(released.status, 201, released.text);
    const { json } = released;
    assert.deepEqual(json.versions, [{ version: 1, changelog: 'Version 1.' }]);
    assert.equal(json.latest_version, 1);
    assert.equal(json.category, 'weather');
    assert.equal(json.is_own, true);
    assert.deepEqual(json.config_schema, [
      {
        name: 'region',
        display_name: 'Region',
        type: 'select',
        required: true,
        default: null,
        description: null,
        placeholder: null,
        options: [{ label: 'Europe', value: 'eu' }],
        validation: {},
        widget: 'select',
        widget_options: { searchable: true },
      },
      {
        name: 'days',
        display_name: 'Days',
        type: 'integer',
        required: false,
        default: 3,
        description: null,
        placeholder: null,
        options: [],
        validation: { min: 1 },
        widget: 'number',
        widget_options: {},
      },
    ]);
    assert.deepEqual(json.credential_schema, [
      {
        auth_mode: 'vault',
        type: 'api_key',
        fields: [{ name: 'api_key', label: 'Weather key', description: 'Under Settings.' }],
        scopes: [],
        source: 'https://weather.example/docs',
      },
      {
        auth_mode: 'connection',
        type: 'oauth2',
        fields: [],
        scopes: [{ scope: 'read', meaning: 'Read the weather.' }],
        source: 'https://weather.example/docs',
      },
    ]);
    assert.deepEqual(json.actions, [
      {
        name: 'read_weather',
        display_name: 'Read the weather',
        description: 'Reads the weather of a place.',
        effect: 'read',
      },
    ]);
    for (const named of ['weather', json.tool_id, json.tool_id.toUpperCase()]) {
      assert.deepEqual((await org.get(`/${named}`)).json, json);
    }
    for (const absent of ['nothing', crypto.randomUUID()]) {
      assert.equal((await org.get(`/${absent}`)).status, 404);
    }
  });

  test('a higher version releases it, the same again changes nothing, other content under a released one is 409', async () => {
    const org = await organization();
    const first = await org.release(connector());
    assert.equal((await org.release(connector())).status, 201);
    const other = await org.release(connector(1, { name: 'Other' }));
    assert.equal(other.status, 409);
    assert.equal(other.json.error, 'VERSION_RELEASED');
    assert.equal(other.json.status_code, 409);
    const second = await org.release(connector(2));
    assert.equal(second.status, 201, second.text);
    assert.equal(second.json.tool_id, first.json.tool_id);
    assert.deepEqual(
      second.json.versions.map(({ version }: Json) => version),
      [2, 1],
    );
    assert.equal((await org.release(connector(1))).status, 201);
    assert.equal((await org.get('/weather')).json.latest_version, 2);
  });

  test('a file that is none is refused with every problem at its place', async () => {
    const org = await organization();
    const config = [
      { name: 'a', display_name: 'A', type: 'select', required: false },
      { name: 'b', display_name: 'B', type: 'string', required: false, validation: { pattern: '^(a+)+$' } },
      { name: 'c', display_name: 'C', type: 'integer', required: false, default: 'x' },
    ];
    const wrong = await org.release(connector(1, { base_url: 'https://weather.example', config }));
    assert.equal(wrong.status, 422, wrong.text);
    assert.deepEqual(
      wrong.json.detail.map(({ loc }: Json) => loc.join('.')),
      ['body.config.0.options', 'body.config.1.validation.pattern', 'body.config.2.default'],
    );
    const widget = { ...config[0], options: [{ label: 'A', value: 'a' }], widget: 'slider' };
    const strange = await org.release(
      connector(1, { base_url: 'https://weather.example', config: [widget] }),
    );
    assert.deepEqual(strange.json.detail[0].loc, ['body', 'config', 0, 'widget']);
    assert.equal((await org.get('/weather')).status, 404);
  });

  test('are the organization’s own: others, and their paths, do not exist', async () => {
    const org = await organization();
    const other = await organization();
    const { json } = await org.release(connector());
    assert.equal((await other.get('/weather')).status, 404);
    assert.equal((await other.get(`/${json.tool_id}`)).status, 404);
    assert.equal((await world.ask('GET', org.base, { key: other.key })).status, 404);
    assert.equal((await world.ask('POST', org.base, { key: other.key, body: connector() })).status, 404);
    assert.equal((await world.ask('GET', `${org.base}/weather`)).status, 404);
  });

  test('reading wants tools:read, releasing tools:write', async () => {
    const org = await organization();
    const keyOf = async (scope: string): Promise<string> =>
      (await world.fetchJson('POST', '/v1/keys', { scopes: [scope] }, org.key)).json.data.key;
    const reader = await keyOf('tools:read');
    const writer = await keyOf('tools:write');
    assert.equal((await world.ask('GET', org.base, { key: reader })).status, 200);
    assert.equal((await world.ask('POST', org.base, { key: reader, body: connector() })).status, 403);
    assert.equal((await world.ask('POST', org.base, { key: writer, body: connector() })).status, 201);
    assert.equal((await world.ask('GET', org.base, { key: writer })).status, 403);
  });
});

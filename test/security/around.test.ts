import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { initialize, legacy, modern, request } from '../contracts/mcp-counter.ts';
import { httpService, sendJson, type Fake, type SeenRequest } from '../fakes/http-service.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { until } from '../processes.ts';
import { openServices, newTag, type Services } from './furnish.ts';

// An agent goes round what its author decided. What counts is what the service was asked.

describe('an agent around its curation', () => {
  let world: World;
  let services: Services;
  let key: string;
  let slug: string;
  let tools: Map<string, string>;
  let pack: string;
  before(async () => {
    world = await startWorld();
    services = await openServices();
  });
  after(async () => {
    await world.close();
    await services.close();
  });

  const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await world.ask(method, path, { key, body });
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer.json?.data;
  };
  beforeEach(async () => {
    ({ key } = await world.organization());
    const made = await ask('POST', '/v1/connections', {
      kind: 'openapi',
      nickname: newTag(),
      document: services.store.document,
      auth: { type: 'bearer', token: 'agent-token' },
    });
    slug = made.slug;
    const listed: Json[] = await ask('GET', `/v1/connections/${made.id}/tools`);
    tools = new Map(listed.map((tool) => [tool.name, tool.id]));
    await ask('PATCH', `/v1/tools/${tools.get('list_orders')}`, {
      inputs: { status: { mode: 'pinned', value: 'paid' }, limit: { mode: 'hidden', value: 3 } },
    });
    const other = await ask('POST', '/v1/connections', {
      kind: 'mcp',
      nickname: newTag(),
      server_url: services.server.url,
    });
    pack = (
      await ask('POST', '/v1/packs', {
        name: 'agent',
        entries: [
          { slug, selection: 'exactly', tools: ['list_orders', 'create_order'], auth_scope: 'ORGANIZATION' },
          { slug: other.slug, auth_scope: 'ORGANIZATION' },
        ],
      })
    ).id;
  });

  const asked = (): readonly SeenRequest[] => services.store.calls();

  /** Every way to call, with arguments as the text an agent writes. Answers what it was told. */
  const ways: Record<string, (tool: string, args: string) => Promise<string>> = {
    REST: async (tool, args) => {
      const raw = `{"pack":"${pack}","tool":${JSON.stringify(tool)},"arguments":${args}}`;
      const headers = { 'content-type': 'application/json' };
      return (await world.ask('POST', '/v1/calls', { key, raw, headers })).text;
    },
    '2026-07-28': async (tool, args) => {
      const init = modern('tools/call', { name: tool, arguments: {} }, { key });
      const body = (init.body as string).replace('"arguments":{}', () => `"arguments":${args}`);
      const headers = { ...(init.headers as Record<string, string>) };
      if (!/^[\x20-\x7e]*$/.test(tool)) {
        headers['Mcp-Name'] = `=?base64?${Buffer.from(tool).toString('base64')}?=`;
      }
      return (await fetch(`${world.url}/mcp/${pack}`, { ...init, headers, body })).text();
    },
    ...Object.fromEntries(
      ['2025-11-25', '2025-06-18', '2025-03-26'].map((revision) => [
        revision,
        (tool: string, args: string) => callInSession(revision, (message) => message, tool, args),
      ]),
    ),
    batch: (tool, args) => callInSession('2025-03-26', (message) => `[${message},${message}]`, tool, args),
  };
  async function callInSession(
    revision: string,
    pack_: (message: string) => string,
    tool: string,
    args: string,
  ): Promise<string> {
    const url = `${world.url}/mcp/${pack}`;
    const session = await initialize(url, revision, key);
    const message = JSON.stringify(request('tools/call', { name: tool, arguments: {} })).replace(
      '"arguments":{}',
      () => `"arguments":${args}`,
    );
    return (await fetch(url, legacy(pack_(message), { key, session }))).text();
  }

  it('is let through where it keeps to the rules, in every way', async () => {
    for (const [way, call] of Object.entries(ways)) {
      const before = asked().length;
      const told = await call(`${slug}__list_orders`, '{"note":"plain","status":"paid"}');
      assert.ok(asked().length > before, `${way}: ${told}`);
      const url = new URL(asked().at(-1)!.url, 'http://x');
      assert.equal(url.searchParams.get('status'), 'paid', way);
      assert.equal(url.searchParams.get('limit'), '3', way);
    }
  });

  const spellings = [
    'status', 'Status', 'STATUS', ' status', 'status ', 'status\t', 'sta tus', 'status\\n', '\\u0000status', 'status\\u0000',
    'sta\\u200btus', 'sta\\u200dtus', 'sta\\u2060tus', '\\ufeffstatus', 'sta\\u00adtus', 'sta\\u034ftus', 'status\\ufe0f',
    'sta\\u3164tus', 'sta\\u180etus', 'status\\u202e', 'ｓｔａｔｕｓ', 'ſtatus', '𝓼𝓽𝓪𝓽𝓾𝓼', 'status[]', 'status[0]', '[status]', 'status)',
    'filter[status]', 'filter.status', 'status.eq', 'a.status.b', 'status{}', 'limit', 'LIMIT', 'limit.x', 'x.limit', '__proto__',
  ]; // prettier-ignore

  it('does not send a pinned or hidden field under any spelling, in any way', async () => {
    let refused = 0;
    for (const [way, call] of Object.entries(ways)) {
      for (const name of spellings) {
        const before = asked().length;
        const told = await call(
          `${slug}__list_orders`,
          `{"${name}":${name === '__proto__' ? '{"status":"open"}' : '"open"'}}`,
        );
        assert.equal(
          asked().length,
          before,
          `${way}, ${JSON.stringify(name)}: ${asked().at(-1)?.url} ${told}`,
        );
        assert.match(told, /isError":true|"error"/, `${way} ${name}`);
        refused += 1;
      }
    }
    assert.ok(refused >= 200);
  });

  it('does not send one beside itself, by duplicate keys, in any order', async () => {
    const doubled = [
      '{"status":"paid","status":"open"}',
      '{"status":"open","status":"paid"}',
      '{"status":"paid","\\u0073tatus":"open"}',
      '{"note":"x","note":"y"}',
    ];
    for (const [way, call] of Object.entries(ways)) {
      for (const args of doubled) {
        const before = asked().length;
        const told = await call(`${slug}__list_orders`, args);
        assert.equal(asked().length, before, `${way}, ${args}: ${told}`);
      }
    }
  });

  it('reaches no tool outside of its pack under any name', async () => {
    const other = (await ask('GET', '/v1/connections')).find((each: Json) => each.slug !== slug).slug;
    const names = [
      `${slug}__get_order`, `${slug}__delete_order`, `${other}__list_orders`, `${other}__get_order`, 'list_orders', 'get_order',
      `${slug}__LIST_ORDERS`, `${slug.toUpperCase()}__list_orders`, `${slug}__list_orders `, ` ${slug}__list_orders`,
      `${slug}__list_orders\n`, `${slug}__list_orders\0`, `${slug}__list\u200b_orders`, `${slug}__ｌist_orders`, `${slug}_list_orders`,
      `${slug}___list_orders`, `${slug}__${slug}__list_orders`, `${slug}.list_orders`, `${slug}/list_orders`, `__list_orders`,
      '__proto__', 'constructor', 'toString', tools.get('list_orders')!, tools.get('get_order')!, `${slug}__list_orders;x`,
    ]; // prettier-ignore
    for (const [way, call] of Object.entries(ways)) {
      for (const name of names) {
        const before = [asked().length, services.server.messages.length];
        const told = await call(name, '{"id":1}');
        assert.deepEqual(
          [asked().length, services.server.messages.length],
          before,
          `${way}, ${name}: ${told}`,
        );
        assert.match(told, /"error"/, `${way} ${name}`);
      }
    }
  });

  it('reaches nothing once a disable is acknowledged, however many calls are under way', async () => {
    const turns = [
      () => ask('PATCH', `/v1/tools/${tools.get('list_orders')}`, { is_enabled: false }),
      () => ask('DELETE', `/v1/packs/${pack}/entries/${slug}`),
    ];
    for (const [turn, disable] of turns.entries()) {
      const state = { note: `before-${turn}`, over: false };
      const loops = Array.from({ length: 16 }, async () => {
        while (!state.over) {
          await world.ask('POST', '/v1/calls', {
            key,
            body: { pack, tool: `${slug}__list_orders`, arguments: { note: state.note } },
          });
        }
      });
      const reached = (note: string): number =>
        asked().filter(({ url }) => url.includes(`note=${note}`)).length;
      await until('calls are under way', 20_000, () => (reached(state.note) >= 20 ? true : null));
      await disable();
      state.note = `after-${turn}`;
      const late = await Promise.all(
        Object.values(ways).map((call) => call(`${slug}__list_orders`, `{"note":"after-${turn}"}`)),
      );
      state.over = true;
      await Promise.all(loops);
      assert.equal(reached(`after-${turn}`), 0);
      for (const told of late) assert.match(told, /"error"/);
      if (turn === 0) await ask('PATCH', `/v1/tools/${tools.get('list_orders')}`, { is_enabled: true });
    }
  });
});

describe('an argument', () => {
  let world: World;
  let echo: Fake;
  let pack: string;
  let key: string;
  before(async () => {
    world = await startWorld();
    ({ key } = await world.organization());
    echo = await httpService((_seen, response) => sendJson(response, { ok: true }));
    const parameter = (name: string, place: string, more: object = {}) => ({
      name, in: place, schema: { type: 'string' }, ...more,
    }); // prettier-ignore
    const document = {
      openapi: '3.1.0',
      info: { title: 'Echo', version: '1' },
      servers: [{ url: `${echo.url}/base` }],
      paths: {
        '/users/{id}/notes': {
          post: {
            operationId: 'note',
            parameters: [
              parameter('id', 'path', { required: true }),
              parameter('q', 'query'),
              parameter('X-Trace', 'header'),
              parameter('crumb', 'cookie'),
            ],
            requestBody: {
              content: {
                'application/x-www-form-urlencoded': {
                  schema: { type: 'object', properties: { text: { type: 'string' } } },
                },
              },
            },
            responses: { 200: { description: 'ok' } },
          },
        },
      },
    };
    const body = {
      kind: 'openapi',
      nickname: 'Echo',
      document,
      auth: { type: 'bearer', token: 'echo-token' },
    };
    const made = await world.ask('POST', '/v1/connections', { key, body });
    assert.equal(made.status, 201, made.text);
    const entries = [{ slug: 'echo', auth_scope: 'ORGANIZATION' }];
    pack = (await world.ask('POST', '/v1/packs', { key, body: { name: 'Echo', entries } })).json.data.id;
  });
  after(async () => {
    await world.close();
    await echo.close();
  });

  const hostile = [
    '../../admin', '..', '.', '%2e%2e', '%2e%2e%2fadmin', '..%2f', 'a/b', 'a\\b', '..\\..\\admin', '?admin=true', 'x?y#z', '#', 'a&admin=true',
    'a;admin=true', 'a=b&c', 'x\r\nX-Injected: yes', 'x\nX-Injected: yes', 'x\r\n\r\nGET /admin HTTP/1.1\r\nHost: x', 'x\u0085y', 'x\u2028y', 'x\u010aX-Injected: yes',
    '//evil.example/', 'http://evil.example/', '@evil.example', 'x\ty', '%0d%0aX-Injected: yes', '', ' ', '日本', 'a,b', 'a; crumb=other', '"quoted"',
  ]; // prettier-ignore

  for (const field of ['id', 'q', 'X-Trace', 'crumb', 'text']) {
    it(`in ${field} stays where it belongs, or is refused`, async () => {
      let reached = 0;
      for (const value of hostile) {
        const before = echo.requests.length;
        const args = { id: 'one', [field]: value };
        const { text, status } = await world.ask('POST', '/v1/calls', {
          key,
          body: { pack, tool: 'echo__note', arguments: args },
        });
        const title = `${field} = ${JSON.stringify(value)}: ${status} ${text}`;
        assert.ok(status < 500, title);
        const sent = echo.requests.slice(before);
        assert.ok(sent.length <= 1, title);
        const [seen] = sent;
        if (!seen) {
          assert.match(text, /"isError":true|"error"/, title);
          continue;
        }
        reached += 1;
        const url = new URL(seen.url, 'http://x');
        assert.match(seen.url, /^\/base\/users\/[^/?#]+\/notes(\?|$)/, `${title} ${seen.url}`);
        assert.equal(url.pathname.split('/').length, 5, title);
        assert.deepEqual([...url.searchParams.keys()], field === 'q' ? ['q'] : [], `${title} ${seen.url}`);
        assert.equal(seen.headers['x-injected'], undefined, title);
        assert.equal(seen.headers.authorization, 'Bearer echo-token', title);
        assert.equal(seen.headers.host, `127.0.0.1:${echo.port}`, title);
        if (field === 'id') assert.equal(decodeURIComponent(url.pathname.split('/')[3]!), value, title);
        if (field === 'q') assert.equal(url.searchParams.get('q'), value, title);
        if (field === 'text') {
          assert.deepEqual([...new URLSearchParams(seen.body.toString())], [['text', value]], title);
        }
        if (field === 'crumb') assert.equal((seen.headers.cookie ?? '').split(';').length, 1, title);
      }
      assert.ok(reached >= 5, `${reached} reached the service`);
    });
  }

  it('can name no header, path or query that the tool does not declare', async () => {
    const before = echo.requests.length;
    for (const name of [
      'authorization',
      'Authorization',
      'host',
      'cookie',
      'x-injected',
      'path',
      'url',
      'method',
      'admin',
    ]) {
      const body = { pack, tool: 'echo__note', arguments: { id: 'one', [name]: 'x' } };
      await world.ask('POST', '/v1/calls', { key, body });
      for (const seen of echo.requests.slice(before)) {
        assert.equal(seen.url, '/base/users/one/notes', name);
        assert.equal(seen.headers.authorization, 'Bearer echo-token', name);
        assert.equal(seen.headers['x-injected'], undefined);
        assert.equal(seen.headers.cookie, undefined);
      }
    }
  });
});

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startWorld, type Json, type World } from '../world.ts';
import {
  openDesk,
  openServices,
  putBack,
  said,
  type Desk,
  type Service,
  type Services,
} from './tool-packs-desk.ts';

let world: World;
let services: Services;
let desk: Desk;
let tracker: Service;
before(async () => {
  world = await startWorld();
  services = await openServices();
});
after(async () => {
  await world.close();
  await services.fake.close();
});
beforeEach(async () => {
  desk = await openDesk(world, services);
  tracker = await desk.connect('tracker', ['create_issue', 'list_issues', 'close_issue']);
});

type Method = 'PATCH' | 'PUT';

/** A pack that holds `tracker` with list_issues alone, shared, or nothing; what a request makes of it. */
async function make(held: boolean, method: Method, body: unknown): Promise<{ status: number; json: Json }> {
  const entry = { slug: 'tracker', auth_scope: 'SHARED', tool_names: ['list_issues'] };
  const { path } = await desk.pack(held ? [entry] : []);
  const answer = await desk.ask(method, path, body);
  if (answer.status === 200) assert.deepEqual(answer.json, (await desk.ask('GET', path)).json);
  return answer;
}

describe('tool_names, cell by cell', () => {
  const all = 'INDIVIDUAL *';
  const ab = ['close_issue', 'create_issue'];
  const exactly = 'INDIVIDUAL create_issue,close_issue';
  const cells: [string, Method, boolean, string[] | undefined, Record<string, string>][] = [
    [
      'omitted, PATCH, not in the pack: added, all tools, INDIVIDUAL',
      'PATCH',
      false,
      undefined,
      { tracker: all },
    ],
    [
      'omitted, PATCH, in the pack: tools unchanged',
      'PATCH',
      true,
      undefined,
      { tracker: 'SHARED list_issues' },
    ],
    ['omitted, PUT, not in the pack: added, all tools', 'PUT', false, undefined, { tracker: all }],
    ['omitted, PUT, in the pack: all tools', 'PUT', true, undefined, { tracker: all }],
    ['[], PATCH, not in the pack: a no-op, 200', 'PATCH', false, [], {}],
    ['[], PATCH, in the pack: removed', 'PATCH', true, [], {}],
    ['[], PUT, not in the pack: a no-op, 200', 'PUT', false, [], {}],
    ['[], PUT, in the pack: removed', 'PUT', true, [], {}],
    ['[a, b], PATCH, not in the pack: added with exactly these', 'PATCH', false, ab, { tracker: exactly }],
    [
      '[a, b], PATCH, in the pack: set to exactly these',
      'PATCH',
      true,
      ab,
      { tracker: exactly.replace('INDIVIDUAL', 'SHARED') },
    ],
    ['[a, b], PUT, not in the pack: added with exactly these', 'PUT', false, ab, { tracker: exactly }],
    ['[a, b], PUT, in the pack: set to exactly these', 'PUT', true, ab, { tracker: exactly }],
  ];
  for (const [title, method, held, names, expected] of cells) {
    it(title, async () => {
      const { status, json } = await make(held, method, [{ slug: 'tracker', tool_names: names }]);
      assert.equal(status, 200);
      assert.deepEqual(said(json), expected);
    });
  }

  it('omitted, PATCH, in the pack: auth_scope, if sent, changes', async () => {
    const { json } = await make(true, 'PATCH', [{ slug: 'tracker', auth_scope: 'ORGANIZATION' }]);
    assert.deepEqual(said(json), { tracker: 'ORGANIZATION list_issues' });
  });

  it('an auth_scope sent for a new connector is the one it gets', async () => {
    const { json } = await make(false, 'PATCH', [{ slug: 'tracker', auth_scope: 'SHARED' }]);
    assert.deepEqual(said(json), { tracker: 'SHARED *' });
  });

  it('PATCH leaves untouched what is not listed, PUT drops it', async () => {
    await desk.connect('wiki', ['read_page']);
    const { path } = await desk.pack([{ slug: 'wiki' }]);
    const patched = await desk.ask('PATCH', path, [{ slug: 'tracker' }]);
    assert.deepEqual(said(patched.json), { wiki: all, tracker: all });
    const put = await desk.ask('PUT', path, [{ slug: 'tracker' }]);
    assert.deepEqual(said(put.json), { tracker: all });
  });
});

describe('what an item may name', () => {
  it('is a connection by its nickname’s slug: two accounts are two entries', async () => {
    const second = await desk.connect('tracker', ['create_issue']);
    assert.equal(second.slug, 'tracker_2');
    const { json } = await make(false, 'PUT', [{ slug: 'tracker' }, { slug: 'tracker_2' }]);
    assert.deepEqual(said(json), { tracker: 'INDIVIDUAL *', tracker_2: 'INDIVIDUAL *' });
  });

  it('is a catalog connector by its slug: its default connection is made on first use, once', async () => {
    const first = await desk.pack([{ slug: 'github' }]);
    const second = await desk.pack([{ slug: 'github' }]);
    const [one] = first.json.connectors;
    assert.equal(one.slug, 'github');
    assert.equal(one.name, 'GitHub');
    assert.ok(one.tools.length > 0);
    assert.equal(one.connector_id, second.json.connectors[0].connector_id);
  });

  it('is a catalog connector’s id, meaning its default connection; out comes the connection’s id', async () => {
    const { json } = await desk.ask('GET', '/api/v1/connectors/github/');
    const pack = await desk.pack([{ connector_id: json.connector_id }]);
    const [held] = pack.json.connectors;
    assert.equal(held.slug, 'github');
    assert.notEqual(held.connector_id, json.connector_id);
    const again = await desk.ask('PATCH', pack.path, [
      { connector_id: held.connector_id, auth_scope: 'SHARED' },
    ]);
    assert.deepEqual(said(again.json), { github: 'SHARED *' });
  });

  it('is a connection’s id, in either form', async () => {
    const { id } = tracker;
    const prefixed = `connector_${id.replaceAll('-', '').replace(/^(.{12})8(.{3})8(.{3})(.{6}).{6}$/, '$1$2$3$4')}`;
    for (const connector_id of [id, prefixed]) {
      const { json } = await make(false, 'PATCH', [{ connector_id }]);
      assert.deepEqual(said(json), { tracker: 'INDIVIDUAL *' });
    }
  });

  it('by both, and disagreeing: slug wins', async () => {
    const wiki = await desk.connect('wiki', ['read_page']);
    const { json } = await make(false, 'PATCH', [{ slug: 'tracker', connector_id: wiki.id }]);
    assert.deepEqual(said(json), { tracker: 'INDIVIDUAL *' });
  });

  it('folds duplicate names inside one list', async () => {
    const names = ['create_issue', 'create_issue', 'tracker__create_issue'];
    const { json } = await make(false, 'PATCH', [{ slug: 'tracker', tool_names: names }]);
    assert.deepEqual(said(json), { tracker: 'INDIVIDUAL create_issue' });
  });

  it('accepts slug__name under its own slug and refuses it under another', async () => {
    await desk.connect('wiki', ['create_issue']);
    const own = await make(false, 'PATCH', [{ slug: 'tracker', tool_names: ['tracker__create_issue'] }]);
    assert.deepEqual(said(own.json), { tracker: 'INDIVIDUAL create_issue' });
    const other = await make(false, 'PATCH', [{ slug: 'wiki', tool_names: ['tracker__create_issue'] }]);
    assert.equal(other.status, 400);
    assert.equal(other.json.error.param, '/0/tool_names');
  });
});

describe('one request is one transaction', () => {
  const good = { slug: 'tracker', tool_names: ['create_issue'] };
  const bad: [string, unknown, string][] = [
    ['an unknown slug', { slug: 'trakcer' }, '/1/slug'],
    ['an unknown connector_id', { connector_id: 'connector_000000000000000000000000' }, '/1/connector_id'],
    ['an unreadable connector_id', { connector_id: 'nonsense' }, '/1/connector_id'],
    ['an unknown tool name', { slug: 'wiki', tool_names: ['read_page', 'read_pages'] }, '/1/tool_names'],
    ['a tool name in other case', { slug: 'wiki', tool_names: ['Read_page'] }, '/1/tool_names'],
    ['a tool name with a trailing space', { slug: 'wiki', tool_names: ['read_page '] }, '/1/tool_names'],
    ['the same connector twice', { slug: 'tracker' }, '/1'],
    ['neither slug nor connector_id', { auth_scope: 'SHARED' }, '/1/slug'],
    ['tool_names: null', { slug: 'wiki', tool_names: null }, '/1/tool_names'],
    ['tool_names: [""]', { slug: 'wiki', tool_names: [''] }, '/1/tool_names/0'],
    ['tool_names: a string', { slug: 'wiki', tool_names: 'read_page' }, '/1/tool_names'],
    ['an unknown field', { slug: 'wiki', tool_name: ['read_page'] }, '/1/tool_name'],
    ['auth_scope: null', { slug: 'wiki', auth_scope: null }, '/1/auth_scope'],
    ['an unknown auth_scope', { slug: 'wiki', auth_scope: 'EVERYBODY' }, '/1/auth_scope'],
    ['a connector that needs settings first', { slug: 'zendesk' }, '/1/slug'],
    ['an item that is no object', 'wiki', '/1'],
  ];
  for (const [what, item, param] of bad) {
    it(`${what}: 400 that names the item’s index, and nothing changes`, async () => {
      await desk.connect('wiki', ['read_page']);
      const { path, id } = await desk.pack([{ slug: 'wiki', auth_scope: 'SHARED' }]);
      const before = (await desk.ask('GET', `/api/v1/tool-packs/${id}/`)).text;
      for (const method of ['PATCH', 'PUT']) {
        const answer = await desk.ask(method, path, [good, item]);
        assert.equal(answer.status, 400, answer.text);
        assert.equal(answer.json.error.param, param);
        assert.deepEqual(Object.keys(answer.json.error), [
          'type',
          'code',
          'message',
          'documentation_url',
          'param',
        ]);
      }
      const nested = await desk.ask('PATCH', `/api/v1/tool-packs/${id}/`, { connectors: [good, item] });
      assert.equal(nested.json.error.param, `/connectors${param}`);
      const created = await desk.ask('POST', '/api/v1/tool-packs/', {
        name: 'New',
        connectors: [good, item],
      });
      assert.equal(created.json.error.param, `/connectors${param}`);
      assert.equal((await desk.ask('GET', `/api/v1/tool-packs/${id}/`)).text, before);
      assert.equal((await desk.ask('GET', '/api/v1/tool-packs/')).json.count, 1);
    });
  }

  it('lists every unknown tool name, with the nearest matches', async () => {
    const { json } = await make(false, 'PATCH', [
      { slug: 'tracker', tool_names: ['creat_issue', 'list_issues', 'fly_to_moon'] },
    ]);
    assert.match(json.error.message, /“creat_issue” \(did you mean create_issue/);
    assert.match(json.error.message, /“fly_to_moon”/);
    assert.doesNotMatch(json.error.message, /“list_issues”/);
  });

  it('offers the nearest matches of an unknown slug', async () => {
    const { json } = await make(false, 'PATCH', [{ slug: 'githbu' }]);
    assert.match(json.error.message, /Did you mean github/);
  });

  it('makes no default connection in a request that is refused', async () => {
    const { status } = await make(false, 'PATCH', [{ slug: 'github' }, { slug: 'nothing' }]);
    assert.equal(status, 400);
    const { json } = await desk.ask('GET', '/api/v1/connectors/github/');
    const { json: after } = await make(false, 'PATCH', [{ slug: 'github' }]);
    assert.notEqual(after[0].connector_id, json.connector_id);
  });

  it('a connector of another organization is as unknown as one that is not there', async () => {
    const stranger = await openDesk(world, services);
    const theirs = await stranger.connect('theirs', ['read_page']);
    const { path } = await desk.pack([]);
    const foreign = await desk.ask('PATCH', path, [{ slug: 'theirs' }]);
    const absent = await desk.ask('PATCH', path, [{ slug: 'nobody' }]);
    assert.equal(foreign.text, absent.text);
    const byId = await desk.ask('PATCH', path, [{ connector_id: theirs.id }]);
    const byNone = await desk.ask('PATCH', path, [{ connector_id: 'connector_000000000000000000000000' }]);
    assert.equal(byId.text, byNone.text);
  });

  it('a body that is no list, or has an unknown field beside it: 400', async () => {
    const { path } = await desk.pack([]);
    for (const body of [{}, { connectors: [] }, null, 'github'])
      assert.equal((await desk.ask('PUT', path, body)).status, 400);
  });
});

describe('what changes nothing', () => {
  const read = async (id: string): Promise<string> =>
    (await desk.ask('GET', `/api/v1/tool-packs/${id}/`)).text;

  it('PATCH {slug} alone on an existing entry changes nothing, updated_at included', async () => {
    const { id, path } = await desk.pack([
      { slug: 'tracker', auth_scope: 'SHARED', tool_names: ['list_issues'] },
    ]);
    const before = await read(id);
    await desk.ask('PATCH', path, [{ slug: 'tracker' }]);
    assert.equal(await read(id), before);
  });

  it('PATCH [] is a no-op', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker' }]);
    const before = await read(id);
    assert.equal((await desk.ask('PATCH', path, [])).status, 200);
    assert.equal(await read(id), before);
  });

  it('PUT [] empties the pack, and an empty pack serves no tools', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker' }]);
    assert.equal((await desk.list(`/mcp/${id}`)).length, 3);
    assert.deepEqual((await desk.ask('PUT', path, [])).json, []);
    assert.deepEqual((await desk.ask('GET', path)).json, []);
    assert.deepEqual(await desk.list(`/mcp/${id}`), []);
  });

  it('PUT depends on its body alone: an omitted auth_scope is INDIVIDUAL for an existing entry too', async () => {
    const { json } = await make(true, 'PUT', [{ slug: 'tracker', tool_names: ['list_issues'] }]);
    assert.deepEqual(said(json), { tracker: 'INDIVIDUAL list_issues' });
  });

  it('GET then PUT of what was read is the identity, stale and disabled tools included', async () => {
    await desk.connect('wiki', ['read_page', 'write_page']);
    const { id, path } = await desk.pack([
      { slug: 'wiki', auth_scope: 'SHARED' },
      {
        slug: 'tracker',
        auth_scope: 'ORGANIZATION',
        tool_names: ['list_issues', 'create_issue', 'close_issue'],
      },
    ]);
    await tracker.become(['create_issue', 'close_issue']);
    await tracker.curate('close_issue', { is_enabled: false });
    const before = await read(id);
    const connectors = (await desk.ask('GET', path)).json;
    const put = await desk.ask('PUT', path, putBack(connectors));
    assert.equal(put.status, 200, put.text);
    assert.deepEqual(put.json, connectors);
    assert.equal(await read(id), before);
  });
});

describe('tools that come and go', () => {
  const toolsOf = (connectors: Json): Record<string, string> =>
    Object.fromEntries(
      connectors[0].tools.map((tool: Json) => [
        tool.name,
        tool.stale ? 'stale' : tool.disabled ? 'disabled' : 'served',
      ]),
    );

  it('all tools means all that the connection has enabled, now and later; a new one never widens it unseen', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker' }]);
    await tracker.curate('close_issue', { is_enabled: false });
    await tracker.become(['create_issue', 'list_issues', 'close_issue', 'delete_issue']);
    const served = { create_issue: 'served', list_issues: 'served' };
    assert.deepEqual(toolsOf((await desk.ask('GET', path)).json), served);
    assert.deepEqual(await desk.list(`/mcp/${id}`), ['tracker__create_issue', 'tracker__list_issues']);
    await tracker.curate('delete_issue', { is_enabled: true });
    assert.deepEqual(toolsOf((await desk.ask('GET', path)).json), { ...served, delete_issue: 'served' });
    assert.equal((await desk.list(`/mcp/${id}`)).at(-1), 'tracker__delete_issue');
  });

  it('an exactly selected tool that is switched off is marked disabled and not served', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker', tool_names: ['create_issue', 'list_issues'] }]);
    await tracker.curate('create_issue', { is_enabled: false });
    const { json } = await desk.ask('GET', path);
    assert.deepEqual(toolsOf(json), { create_issue: 'disabled', list_issues: 'served' });
    assert.deepEqual(Object.keys(json[0].tools[1]), ['name', 'description', 'input_schema', 'credit_type']);
    assert.deepEqual(await desk.list(`/mcp/${id}`), ['tracker__list_issues']);
  });

  it('an exactly selected tool that vanished upstream stays in GET, marked stale, is not served, and round-trips', async () => {
    const { id, path } = await desk.pack([{ slug: 'tracker', tool_names: ['create_issue', 'list_issues'] }]);
    await tracker.become(['list_issues', 'close_issue']);
    const { json } = await desk.ask('GET', path);
    assert.deepEqual(toolsOf(json), { create_issue: 'stale', list_issues: 'served' });
    assert.deepEqual(await desk.list(`/mcp/${id}`), ['tracker__list_issues']);
    const { body } = await desk.call(`/mcp/${id}`, 'tracker__create_issue');
    assert.equal(body.result?.isError, true);
    assert.match(JSON.stringify(body.result?.content), /no longer has this tool/);
    assert.equal(tracker.requests().length, 0);
    assert.deepEqual((await desk.ask('PUT', path, putBack(json))).json, json);
    await tracker.become(['create_issue', 'list_issues', 'close_issue']);
    assert.deepEqual(toolsOf((await desk.ask('GET', path)).json), {
      create_issue: 'served',
      list_issues: 'served',
    });
  });

  it('a stale tool name is accepted only for an entry that already holds it', async () => {
    const holder = await desk.pack([{ slug: 'tracker', tool_names: ['create_issue', 'list_issues'] }]);
    const other = await desk.pack([{ slug: 'tracker', tool_names: ['list_issues'] }]);
    await tracker.become(['list_issues', 'close_issue']);
    const body = [{ slug: 'tracker', tool_names: ['create_issue', 'close_issue'] }];
    assert.equal((await desk.ask('PATCH', holder.path, body)).status, 200);
    const refused = await desk.ask('PATCH', other.path, body);
    assert.equal(refused.status, 400);
    assert.match(refused.json.error.message, /“create_issue”/);
  });
});

describe('at the same moment', () => {
  it('two PATCHes on different connectors both survive, fifty at once too', async () => {
    const slugs = await Promise.all(
      Array.from(
        { length: 50 },
        async (_, index) => (await desk.connect(`s${index}`, ['read', 'write'])).slug,
      ),
    );
    const { path } = await desk.pack([]);
    const answers = await Promise.all(
      slugs.map((slug) => desk.ask('PATCH', path, [{ slug, tool_names: ['read'] }])),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const { json } = await desk.ask('GET', path);
    assert.deepEqual(said(json), Object.fromEntries(slugs.map((slug) => [slug, 'INDIVIDUAL read'])));
  });

  it('on the same connector the last commit wins whole, never a mix', async () => {
    const { path } = await desk.pack([{ slug: 'tracker' }]);
    const whole = [
      { auth_scope: 'SHARED', tool_names: ['create_issue', 'list_issues'] },
      { auth_scope: 'ORGANIZATION', tool_names: ['close_issue'] },
    ];
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        desk.ask('PATCH', path, [{ slug: 'tracker', ...whole[index % 2] }]),
      ),
    );
    const outcomes = new Set(['SHARED create_issue,list_issues', 'ORGANIZATION close_issue']);
    for (const { status, json } of answers) {
      assert.equal(status, 200);
      assert.ok(outcomes.has(said(json)['tracker']!));
    }
    assert.ok(outcomes.has(said((await desk.ask('GET', path)).json)['tracker']!));
  });
});

describe('a default connection asked for at the same moment', () => {
  it('is made once, whatever the order of the lists', async () => {
    const lists = [
      [{ slug: 'github' }, { slug: 'slack' }],
      [{ slug: 'slack' }, { slug: 'github' }],
    ];
    const made = await Promise.all(Array.from({ length: 8 }, (_, index) => desk.pack(lists[index % 2])));
    assert.equal(new Set(made.map(({ json }) => json.slug)).size, 8);
    for (const slug of ['github', 'slack']) {
      const ids = made.map(
        ({ json }) => json.connectors.find((each: Json) => each.slug === slug).connector_id,
      );
      assert.equal(new Set(ids).size, 1);
    }
  });
});

describe('DELETE one connector', () => {
  it('takes it out: 204, and a second time 404', async () => {
    const { path } = await desk.pack([{ slug: 'tracker' }, { slug: 'github' }]);
    assert.equal((await desk.ask('DELETE', `${path}tracker/`)).status, 204);
    assert.deepEqual(Object.keys(said((await desk.ask('GET', path)).json)), ['github']);
    assert.equal((await desk.ask('DELETE', `${path}tracker/`)).status, 404);
    assert.equal((await desk.ask('DELETE', `${path}nobody/`)).status, 404);
  });
});

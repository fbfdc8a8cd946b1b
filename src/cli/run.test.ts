import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { envelopeServer, refuse, type Asked, type EnvelopeServer } from '../../test/fakes/api-envelope.ts';
import { run } from './index.ts';
import type { Terminal } from './terminal.ts';

// Commands against a server that speaks the API's envelope over real HTTP.

const tool = (name: string, effect: string, cost: number, is_enabled = true) => ({
  id: `id_${name}`, name, slug: `my_api__${name}`, is_enabled, effect, token_cost: { served: cost, raw: cost },
}); // prettier-ignore
const tools = [tool('list_things', 'read', 1_000), tool('make_thing', 'write', 200)];
const dryRun = {
  tools: tools.map(({ token_cost, ...rest }) => ({ ...rest, token_cost: token_cost.served })),
  left_out: [],
};
const connection = { id: 'c1', slug: 'my_api', nickname: 'my api', tools_status: 'synced' };
const notThat = refuse(422, 'validation_error', 'It is no such thing.');

type Key = { id: string; name: string; revoked_at: string | null; pack_ids: unknown; scopes: unknown };
let keys: Key[] = [];
let packs: Record<string, unknown>[] = [];
let routes: Record<string, (asked: Asked) => unknown> = {};
let server: EnvelopeServer;
let directory = '';

before(async () => {
  server = await envelopeServer(new Proxy({}, { get: (_target, name: string) => routes[name] }));
});
after(() => server.close());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'toolcrib-cli-'));
  server.asked.length = 0;
  keys = [];
  packs = [
    {
      id: 'p1',
      slug: 'support',
      name: 'Support',
      entries: [{ slug: 'my_api', connection_id: 'c1' }],
      mcp_url: `${server.url}/mcp/support`,
      token_cost: 1_200,
    },
  ];
  routes = {
    'GET /v1/packs': () => packs,
    'GET /v1/packs/p1': () => packs[0],
    'GET /v1/keys': () => keys,
    'POST /v1/keys': ({ body }) => {
      const key = { ...(body as Key), id: `k${keys.length + 1}`, revoked_at: null };
      keys.push(key);
      return { ...key, key: `tck_text_of_${key.id}` };
    },
    'GET /v1/connections/c1/tools': () => tools,
    'POST /v1/connections': () => connection,
    'POST /v1/connections?dry_run=true': () => dryRun,
  };
  for (const id of ['k1', 'k2', 'k3']) {
    routes[`DELETE /v1/keys/${id}`] = () => {
      keys.find((key) => key.id === id)!.revoked_at = 'now';
      return undefined;
    };
  }
  for (const { id } of tools) routes[`PATCH /v1/tools/${id}`] = () => ({});
});
afterEach(() => rmSync(directory, { recursive: true }));

type Ran = { code: number; out: string; err: string };

async function toolcrib(words: string, more: Partial<Terminal> & { answers?: string[] } = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const answers = [...(more.answers ?? [])];
  const terminal: Terminal = {
    env: { TOOLCRIB_URL: server.url, TOOLCRIB_KEY: 'tck_admin' },
    directory,
    home: directory,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    isInteractive: false,
    isColourful: false,
    ask: async (question) => {
      out.push(question);
      return answers.shift() ?? '';
    },
    readInput: async () => 'from-stdin',
    untilInterrupted: (work) => work(new AbortController().signal),
    ...more,
  };
  const code = await run(words.split(' ').filter(Boolean), terminal.env, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const sent = (route: string): unknown[] =>
  server.asked
    .filter(({ method, path, query }) => `${method} ${path}${query}` === route)
    .map(({ body }) => body);

test('explains itself, every command included', async () => {
  const { code, out } = await toolcrib('--help');
  assert.equal(code, 0);
  const names = [...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name!);
  assert.deepEqual(names, [
    'start',
    'demo',
    'add',
    'connect',
    'pack',
    'client',
    'call',
    'approvals',
    'sync',
    'drift',
    'accept',
    'upgrade',
    'keys',
    'audit',
    'panic',
    'help',
    'version',
  ]);
  for (const name of names) {
    const helped = await toolcrib(`${name} --help`);
    assert.equal(helped.code, 0);
    assert.ok(helped.out.startsWith(`toolcrib ${name}`), name);
  }
});

test('approvals lists what waits with its exact arguments, and says yes and no', async () => {
  const open = {
    id: 'a1',
    status: 'pending',
    tool: 'my_api__make_thing',
    ran_as: 'organization',
    principal: { type: 'key', id: 'k1' },
    arguments: { name: 'x\u202Ey' },
    expires_at: '2026-01-01T00:15:00.000Z',
  };
  routes['GET /v1/approvals'] = () => [open];
  routes['POST /v1/approvals/a1/approve'] = () => ({ ...open, status: 'approved' });
  routes['POST /v1/approvals/a1/deny'] = () => ({ ...open, status: 'denied' });
  const listed = await toolcrib('approvals list');
  assert.match(listed.out, /a1 {2}my_api__make_thing {2}as organization, asked by key k1/);
  assert.ok(listed.out.includes('{"name":"x\\u{202e}y"}'), listed.out);
  assert.match((await toolcrib('approvals approve a1 --for hour')).out, /^Approved my_api__make_thing/);
  assert.match((await toolcrib('approvals deny a1 --memo No')).out, /^Denied my_api__make_thing/);
  assert.deepEqual(sent('POST /v1/approvals/a1/approve'), [{ for: 'hour' }]);
  assert.deepEqual(sent('POST /v1/approvals/a1/deny'), [{ memo: 'No' }]);
  assert.equal((await toolcrib('approvals deny a1 --for hour')).code, 2);
  assert.equal((await toolcrib('approvals approve')).code, 2);
  assert.match((await toolcrib('approvals approve a2')).err, /no approval “a2”/);
});

test('answers a misuse in one sentence that says what to do, with exit code 2', async () => {
  const cases = {
    cleint: /Did you mean “toolcrib client”\?/,
    'pack a --frm b': /--frm.*toolcrib pack --help/,
    'client emacs --pack a': /choose claude-code/,
    'client cursr --pack a': /did you mean “cursor”/,
    'keys rvoke x': /Did you mean “toolcrib keys revoke”/,
    'add nothing.yaml': /neither an http address nor a file/,
    'call x --arg y': /name=value/,
    audit: /toolcrib audit verify/,
  };
  for (const [words, sentence] of Object.entries(cases)) {
    const { code, err } = await toolcrib(words);
    assert.equal(code, 2, words);
    assert.match(err, sentence);
    assert.equal(err.split('\n').length, 1);
  }
});

test('says how to start a server that is not there', async () => {
  const nowhere = await toolcrib('keys list', {
    env: { TOOLCRIB_URL: 'http://127.0.0.1:9', TOOLCRIB_KEY: 'k' },
  });
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.err, /start it with “npx toolcrib”/);
  const first = await toolcrib('keys list', { env: {} });
  assert.match(first.err, /run “npx toolcrib” first/);
});

test('uses the key a start left, for that server alone and only while it is private', async () => {
  const file = join(directory, '.toolcrib', 'client.json');
  mkdirSync(join(directory, '.toolcrib'));
  writeFileSync(file, JSON.stringify({ url: server.url, admin_key: 'tck_kept' }), { mode: 0o600 });
  assert.equal((await toolcrib('keys list', { env: {} })).code, 0);
  assert.equal(server.asked.at(-1)!.key, 'tck_kept');
  const elsewhere = await toolcrib(`keys list --url http://127.0.0.1:9`, { env: {} });
  assert.match(elsewhere.err, /A key for http:\/\/127\.0\.0\.1:9 is needed/);
  chmodSync(file, 0o644);
  assert.match((await toolcrib('keys list', { env: {} })).err, /chmod 600/);
});

test('connects a client with a key for one pack, and undoes exactly that', async () => {
  const file = join(directory, '.mcp.json');
  const mine = '{ "mcpServers": { "mine": { "command": "x" } } }';
  writeFileSync(file, mine);
  assert.equal((await toolcrib('client claude-code --pack support')).code, 0);
  assert.deepEqual(sent('POST /v1/keys').map((body) => [(body as Key).scopes, (body as Key).pack_ids]), [[['runtime:all'], ['p1']]]); // prettier-ignore
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'utf8'), /tck_text_of_k1/);
  await toolcrib('client claude-code --pack support');
  assert.deepEqual(
    keys.map(({ revoked_at }) => revoked_at),
    ['now', null],
  );
  const undone = await toolcrib('client claude-code --pack support --undo');
  assert.equal(undone.code, 0);
  assert.equal(readFileSync(file, 'utf8'), mine);
  assert.ok(keys.every(({ revoked_at }) => revoked_at !== null));
  assert.match((await toolcrib('client claude-code --pack support --undo')).err, /nothing to undo/);
});

test('makes no key for a file it cannot change, and writes nothing for --print', async () => {
  writeFileSync(join(directory, '.mcp.json'), '// mine\n{}');
  assert.match((await toolcrib('client claude-code --pack support')).err, /not plain JSON/);
  assert.equal(keys.length, 0);
  const printed = await toolcrib('client codex --pack support --print');
  assert.match(printed.out, /\[mcp_servers\.toolcrib-support\]/);
  assert.equal(existsSync(join(directory, '.codex')), false);
});

test('adds a local document with the reading tools on where nobody can be asked', async () => {
  const { code, out } = await toolcrib('add http://localhost:3000/openapi.json --token -');
  assert.equal(code, 0);
  assert.match(out, /2 tools: 1 read, 1 write \(1,200 tokens\)\./);
  assert.match(out, /choose others with --all or --tools/);
  assert.deepEqual(sent('POST /v1/connections'), [
    {
      kind: 'openapi',
      nickname: 'my api',
      auth: { type: 'bearer', token: 'from-stdin' },
      local: true,
      document_url: 'http://localhost:3000/openapi.json',
    },
  ]);
  assert.deepEqual(sent('PATCH /v1/tools/id_make_thing'), [{ is_enabled: false }]);
  assert.deepEqual(sent('PATCH /v1/tools/id_list_things'), []);
});

test('asks a person which tools, again after a slip', async () => {
  const asked = { isInteractive: true, answers: ['mak_thing', 'make_thing'] };
  const { out, err } = await toolcrib('add http://localhost:3000/openapi.json', asked);
  assert.match(err, /did you mean make_thing/);
  assert.match(out, /Which\?/);
  assert.deepEqual(sent('PATCH /v1/tools/id_list_things'), [{ is_enabled: false }]);
});

test('finds out what an address is, and leaves nothing behind of what it is not', async () => {
  let removed = 0;
  routes['POST /v1/connections'] = ({ body }) =>
    (body as { kind: string }).kind === 'mcp' ? { ...connection, tools_status: 'error' } : connection;
  routes['DELETE /v1/connections/c1'] = () => {
    removed += 1;
    return undefined;
  };
  assert.equal((await toolcrib('add https://api.acme.example/v1 --all')).code, 0);
  assert.equal(removed, 1);
  routes['POST /v1/connections?dry_run=true'] = () => notThat;
  routes['POST /v1/connections'] = () => notThat;
  const { code, err } = await toolcrib('add https://api.acme.example/openapi.json');
  assert.equal(code, 1);
  assert.match(err, /As an OpenAPI document: It is no such thing\. As an MCP server: It is no such thing\./);
});

test('sends a file as a document', async () => {
  writeFileSync(
    join(directory, 'api.json'),
    '{"openapi":"3.1.0","servers":[{"url":"http://127.0.0.1:8080"}]}',
  );
  assert.equal((await toolcrib('add api.json --all --name Things')).code, 0);
  const [body] = sent('POST /v1/connections?dry_run=true') as { document: string; local: boolean }[];
  assert.deepEqual([body!.local, body!.document.startsWith('{"openapi"')], [true, true]);
});

test('makes a pack, or adds to the one there is', async () => {
  const whole = packs[0]!;
  packs = [];
  routes['POST /v1/packs'] = () => whole;
  routes['GET /v1/packs/p1'] = () => whole;
  const made = await toolcrib('pack support --from my_api --tools list_things');
  assert.match(made.out, /made pack "support": 1 connection, 1,200 tokens\n {2}http/);
  assert.deepEqual(sent('POST /v1/packs'), [
    { name: 'support', entries: [{ slug: 'my_api', auth_scope: 'ORGANIZATION', tools: ['list_things'] }] },
  ]);
  packs = [whole];
  routes['PUT /v1/packs/p1/entries/other'] = () => whole;
  assert.match((await toolcrib('pack support --from other --scope shared')).out, /changed pack/);
  assert.deepEqual(sent('PUT /v1/packs/p1/entries/other'), [{ auth_scope: 'SHARED', selection: 'all' }]);
  const held = {
    slug: 'other',
    connection_id: 'c2',
    auth_scope: 'SHARED',
    selection: 'exactly',
    tools: ['a'],
  };
  packs = [{ ...whole, entries: [{ ...held, overrides: { a: { description: 'Ours.' } } }] }];
  await toolcrib('pack support --from other --tools b');
  assert.deepEqual(sent('PUT /v1/packs/p1/entries/other').at(-1), {
    auth_scope: 'SHARED',
    selection: 'exactly',
    tools: ['b'],
    overrides: { a: { description: 'Ours.' } },
  });
});

test('calls a tool by its short name, and tells a refusal by its exit code', async () => {
  routes['POST /v1/calls'] = () => ({
    call_id: 'x',
    content: [],
    structuredContent: { n: 1 },
    isError: false,
  });
  const done = await toolcrib('call list_things --arg limit=5');
  assert.deepEqual([done.code, JSON.parse(done.out)], [0, { n: 1 }]);
  assert.deepEqual(sent('POST /v1/calls'), [
    { pack: 'support', tool: 'my_api__list_things', arguments: { limit: 5 } },
  ]);
  routes['POST /v1/calls'] = () => ({
    call_id: 'x',
    content: [{ type: 'text', text: 'No.\u001b[2J' }],
    isError: true,
  });
  const refused = await toolcrib('call my_api__list_things --pack support');
  assert.deepEqual([refused.code, refused.err], [1, 'No.[2J']);
});

test('names the tools there are for one that is not', async () => {
  routes['POST /v1/calls'] = () => refuse(404, 'unknown_tool', 'There is no such tool here.');
  assert.match((await toolcrib('call list_thigs')).err, /Did you mean my_api__list_things\?/);
  assert.match(
    (await toolcrib('call frobnicate')).err,
    /Those that are on: my_api__list_things, my_api__make_thing\./,
  );
});

test('takes an entry out of the file though the server is away, and says what is left to do', async () => {
  const file = join(directory, '.cursor', 'mcp.json');
  await toolcrib('client cursor --pack support');
  assert.equal(existsSync(file), true);
  const away = { env: { TOOLCRIB_URL: 'http://127.0.0.1:9', TOOLCRIB_KEY: 'k' } };
  const { code, out, err } = await toolcrib('client cursor --pack support --undo', away);
  assert.equal(code, 1);
  assert.match(out, /is as it was/);
  assert.match(err, /start it with/);
  assert.equal(existsSync(file), false);
  assert.equal((await toolcrib('client cursor --pack support --undo')).code, 0);
  assert.ok(keys.every(({ revoked_at }) => revoked_at !== null));
});

test('shows on the sample what curation does, without colour where none was asked for', async () => {
  const named = ['list_tickets', 'get_ticket', 'create_reply', 'delete_ticket'].map((name) =>
    tool(name, 'read', 1),
  );
  packs = [{ ...packs[0], slug: 'sample', is_sample: true }];
  routes['GET /v1/connections/c1/tools'] = () => named;
  routes['POST /v1/tools/id_get_ticket/try'] = () => ({
    bytes: { raw: 4_812, served: 391 },
    tokens: { raw: 1_203, served: 98 },
  });
  routes['POST /v1/calls'] = ({ body }) => {
    const { tool, arguments: given } = body as { tool: string; arguments: { from?: string } };
    const result = (structuredContent: unknown) => ({
      call_id: 'x',
      content: [],
      structuredContent,
      isError: false,
    });
    if (tool.endsWith('delete_ticket')) return refuse(404, 'unknown_tool', 'There is no such tool here.');
    if (tool.endsWith('list_tickets')) return result({ tickets: [{ id: 1042 }] });
    if (!given.from) return result({ from: 'support@helpdesk.example', to: 'a@b.example' });
    return {
      call_id: 'x',
      content: [{ type: 'text', text: '"from" is pinned.' }],
      isError: true,
    };
  };
  const { code, out } = await toolcrib('demo');
  assert.equal(code, 0);
  assert.match(out, /the service sent 4,812 B, 1,203 tokens\n {17}the agent saw {6}391 B, 98 tokens/);
  assert.match(out, /REFUSED: "from" is pinned\./);
  assert.match(out, /sent from support@helpdesk\.example/);
  assert.match(out, /delete_ticket {2}REFUSED: There is no such tool here\./);
  assert.ok(!out.includes('\u001b'));
});

test('prints a new key alone, so that a script can take it', async () => {
  const { out, err } = await toolcrib('keys new --pack support --days 30');
  assert.equal(out, 'tck_text_of_k1');
  assert.match(err, /Shown this once/);
  assert.deepEqual(sent('POST /v1/keys'), [
    { scopes: ['runtime:all'], pack_ids: ['p1'], expires_in: 2_592_000 },
  ]);
  assert.match((await toolcrib('keys revoke k9')).err, /There is no key “k9”/);
});

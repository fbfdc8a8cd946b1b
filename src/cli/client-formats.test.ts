import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientFormats, type ClientEntry } from './client-formats.ts';

const formatOf = (name: string) => clientFormats.find((format) => format.name === name)!;
const entry: ClientEntry = {
  name: 'toolcrib-support',
  url: 'http://127.0.0.1:7420/mcp/support',
  key: 'tck_a_secret',
  keyVariable: 'TOOLCRIB_SUPPORT_KEY',
};
const named = { name: 'toolcrib-support', pack: 'support' };
const jsonNames = ['claude-code', 'cursor', 'vscode'] as const;
const serversIn = { 'claude-code': 'mcpServers', cursor: 'mcpServers', vscode: 'servers' } as const;

test('writes what each client reads', () => {
  const written = (name: string, key: string | null = entry.key): string =>
    formatOf(name).add(null, { ...entry, key }, 'file');
  const headers = { Authorization: 'Bearer tck_a_secret' };
  assert.deepEqual(JSON.parse(written('claude-code')), {
    mcpServers: { 'toolcrib-support': { type: 'http', url: entry.url, headers } },
  });
  assert.deepEqual(JSON.parse(written('cursor')), {
    mcpServers: { 'toolcrib-support': { url: entry.url, headers } },
  });
  assert.deepEqual(JSON.parse(written('vscode')), {
    servers: { 'toolcrib-support': { type: 'http', url: entry.url, headers } },
  });
  assert.match(
    written('codex'),
    /^\[mcp_servers\.toolcrib-support\]\nurl = "http:\/\/127\.0\.0\.1:7420\/mcp\/support"\nhttp_headers = \{ "Authorization" = "Bearer tck_a_secret" \}$/m,
  );
});

test('keeps the key out of the file where it is asked to', () => {
  const references = {
    'claude-code': 'Bearer ${TOOLCRIB_SUPPORT_KEY}',
    cursor: 'Bearer ${env:TOOLCRIB_SUPPORT_KEY}',
    vscode: 'Bearer ${input:toolcrib-support}',
    codex: 'bearer_token_env_var = "TOOLCRIB_SUPPORT_KEY"',
  };
  for (const [name, reference] of Object.entries(references)) {
    const text = formatOf(name).add(null, { ...entry, key: null }, 'file');
    assert.ok(text.includes(reference), text);
    assert.ok(!text.includes('tck_'));
  }
  const vscode = formatOf('vscode');
  const text = vscode.add(
    '{"inputs":[{"id":"mine","type":"promptString"}]}',
    { ...entry, key: null },
    'file',
  );
  assert.deepEqual(
    (JSON.parse(text) as { inputs: { id: string }[] }).inputs.map(({ id }) => id),
    ['mine', 'toolcrib-support'],
  );
  assert.deepEqual(JSON.parse(vscode.remove(text, named, 'file')!), {
    inputs: [{ id: 'mine', type: 'promptString' }],
  });
});

for (const name of jsonNames) {
  test(`${name}: adds beside what is there and takes exactly its own out again`, () => {
    const format = formatOf(name);
    const servers = serversIn[name];
    const before = `${JSON.stringify({ first: [1, { a: null }], [servers]: { other: { command: 'x', args: ['--y'] } }, last: true }, null, '\t')}\n`;
    const once = format.add(before, entry, 'file');
    const twice = format.add(once, { ...entry, key: 'tck_another' }, 'file');
    assert.ok(once.includes('\n\t"first"'), 'keeps the indentation');
    assert.ok(!twice.includes('tck_a_secret') && twice.includes('tck_another'));
    assert.equal(format.remove(twice, named, 'file'), before);
    assert.equal(format.remove(before, named, 'file'), null);
  });

  test(`${name}: touches neither an entry of the person’s own nor a file it cannot read`, () => {
    const format = formatOf(name);
    const own = JSON.stringify({ [serversIn[name]]: { 'toolcrib-support': { command: 'mine' } } });
    assert.throws(() => format.add(own, entry, 'file'), /of your own/);
    assert.equal(format.remove(own, named, 'file'), null);
    assert.throws(() => format.add('{\n  // mine\n}', entry, 'file'), /not plain JSON/);
    assert.throws(() => format.add('[]', entry, 'file'), /not plain JSON/);
    assert.throws(() => format.add(`{"${serversIn[name]}": 3}`, entry, 'file'), /no object/);
  });
}

test('codex: keeps every other byte of the file', () => {
  const format = formatOf('codex');
  const before =
    '# mine\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "y" # kept\n\n[profiles.a]\nnotify = [\n  "[not a table]",\n]\n';
  const after = format.add(before, entry, 'file');
  assert.ok(after.startsWith(before));
  const again = format.add(after, { ...entry, key: 'tck_another' }, 'file');
  assert.equal(again.match(/\[mcp_servers\.toolcrib-support\]/g)?.length, 1);
  assert.equal(format.remove(again, named, 'file'), before);
  assert.equal(format.remove(`${after}\n[later]\nx = 1\n`, named, 'file'), `${before}\n[later]\nx = 1\n`);
  assert.equal(format.remove(format.add(null, entry, 'file'), named, 'file'), '');
});

test('codex: refuses what an added table would break', () => {
  const format = formatOf('codex');
  assert.throws(() => format.add('mcp_servers = { a = {} }\n', entry, 'file'), /in one line/);
  assert.throws(
    () => format.add('[mcp_servers.toolcrib-support]\nurl = "x"\n', entry, 'file'),
    /of your own/,
  );
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { Fault } from '../kernel/index.ts';
import { loadCatalog, promisedKeys } from './catalog.ts';
import { fillAddress } from './fill-address.ts';

const shipped = fileURLToPath(new URL('../../connectors', import.meta.url));

test('loads every connector that is shipped', async () => {
  const catalog = await loadCatalog(shipped);
  assert.deepEqual(
    [...catalog.keys()],
    ['calcom', 'custom_mcp', 'github', 'google_drive', 'notion', 'slack', 'twilio', 'zendesk'],
  );
  assert.deepEqual(
    promisedKeys.filter((key) => !catalog.has(key)),
    ['email'],
  );
  for (const file of catalog.values()) {
    assert.ok(file.kind === 'mcp' ? file.tools.length === 0 : file.tools.length >= 7, file.slug);
    if (file.slug !== 'custom_mcp')
      for (const method of file.auth) assert.ok('source' in method && method.source, file.slug);
  }
});

test('ships only schemas that compile, and asks before anything is destroyed', async () => {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const file of (await loadCatalog(shipped)).values()) {
    for (const tool of file.tools) {
      ajv.compile(tool.inputSchema);
      if (tool.outputSchema) ajv.compile(tool.outputSchema);
      if (tool.effect === 'destructive') assert.equal(tool.confirm, true, `${file.slug} ${tool.name}`);
      assert.ok(`${file.slug}__${tool.name}`.length <= 64);
    }
  }
});

test('fills the addresses of shipped connectors from their configuration', async () => {
  const catalog = await loadCatalog(shipped);
  assert.equal(fillAddress(catalog.get('zendesk')!, { subdomain: 'acme' }), 'https://acme.zendesk.com');
  assert.equal(
    fillAddress(catalog.get('custom_mcp')!, { server_url: 'http://127.0.0.1:3000/mcp' }),
    'http://127.0.0.1:3000/mcp',
  );
  assert.equal(fillAddress(catalog.get('github')!, {}), 'https://api.github.com');
});

test('says which file is wrong and where', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'catalog-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'things', 'connector.yaml');
  await mkdir(join(dir, 'things'));
  const failure = async (text: string | null): Promise<string> => {
    if (text !== null) await writeFile(path, text);
    const error: unknown = await loadCatalog(dir).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof Fault && error.kind === 'invalid');
    assert.ok(error.message.startsWith(path), error.message);
    return error.message;
  };
  assert.match(await failure(null), /cannot be read/);
  assert.match(await failure('a: [1'), /not readable as YAML/);
  assert.match(await failure('slug: things'), /version/);
  assert.match(
    await failure(await readFile(join(shipped, 'github', 'connector.yaml'), 'utf8')),
    /name of its folder/,
  );
});

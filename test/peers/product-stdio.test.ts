import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProduct, type ConnectionRow, type PackRow, type Product } from './product-start.ts';
import { speakersOf, type Speaker } from './product-speakers.ts';

const filesystem = fileURLToPath(
  import.meta.resolve('@modelcontextprotocol/server-filesystem/dist/index.js'),
);

describe('the filesystem server over stdio, from the operator’s servers.json', () => {
  let folder: string;
  let product: Product;
  let files: ConnectionRow;
  let pack: PackRow;
  let key: string;
  let speakers: readonly Speaker[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'toolcrib-files-'));
    writeFileSync(join(folder, 'note.txt'), 'for everybody');
    writeFileSync(join(folder, 'secret.txt'), 'for nobody');
    const servers = { mcpServers: { files: { command: process.execPath, args: [filesystem, folder] } } };
    product = await startProduct({ files: { 'servers.json': JSON.stringify(servers) } });
    files = await product.connect({ kind: 'mcp', nickname: 'Files', stdio_server: 'files' });
    pack = await product.pack('desk', [{ slug: 'files', tools: ['read_text_file', 'list_directory'] }]);
    key = await product.keyFor(pack);
    speakers = await speakersOf(product.url, pack.slug, key);
  });
  after(async () => {
    await product.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const note = (): string => join(folder, 'note.txt');
  const secret = (): string => join(folder, 'secret.txt');
  const text = (heard: Awaited<ReturnType<Speaker['call']>>): string => heard.result!.content[0]!.text!;

  it('is connected by its name and lists its tools', async () => {
    assert.equal(files.tools_status, 'synced');
    const names = (await product.toolsOf(files)).map(({ name }) => name);
    for (const name of ['read_text_file', 'write_file', 'list_directory']) assert.ok(names.includes(name));
  });

  it('is called in every protocol', async () => {
    for (const speaker of speakers) {
      const heard = await speaker.call('files__read_text_file', { path: note() });
      assert.ok(!heard.result?.isError, heard.bytes);
      assert.equal(text(heard), 'for everybody');
    }
  });

  it('says what went wrong in its own words', async () => {
    for (const speaker of speakers) {
      const heard = await speaker.call('files__read_text_file', { path: '/etc/hostname' });
      assert.equal(heard.result?.isError, true, heard.bytes);
      assert.match(text(heard), /outside allowed directories/);
    }
  });

  it('writes nothing for an agent whose pack only reads', async () => {
    const path = join(folder, 'written.txt');
    for (const speaker of speakers) {
      for (const name of ['files__write_file', 'write_file', 'Files__write_file', 'files__write_file ']) {
        assert.ok((await speaker.call(name, { path, content: 'x' })).refusal, speaker.protocol);
      }
    }
    assert.ok(!existsSync(path));
  });

  it('reads the pinned file and no other', async () => {
    await product.curate(files, 'read_text_file', { inputs: { path: { mode: 'pinned', value: note() } } });
    for (const speaker of speakers) {
      assert.equal(text(await speaker.call('files__read_text_file', {})), 'for everybody');
      for (const field of ['path', 'Path', 'path ']) {
        const heard = await speaker.call('files__read_text_file', { [field]: secret() });
        assert.equal(heard.result?.isError, true, heard.bytes);
        assert.ok(!heard.bytes.includes('for nobody'), heard.bytes);
      }
      if (!speaker.list) continue;
      const { tools, bytes } = await speaker.list();
      const [read] = tools.filter(({ name }) => name === 'files__read_text_file');
      assert.ok(!('path' in read!.inputSchema.properties!), bytes);
    }
  });

  describe('and no other process', () => {
    const marker = (): string => join(folder, 'started');
    const program = (): object => ({
      command: process.execPath,
      args: ['-e', `require('node:fs').writeFileSync(${JSON.stringify(marker())}, '')`],
    });

    it('is started by a command in the body: it is an unknown field', async () => {
      for (const more of [
        program(),
        { command: process.execPath },
        { args: ['x'] },
        { env: { A: 'b' } },
        { cwd: '/' },
        { stdio: program() },
        { transport: 'stdio' },
      ]) {
        const body = { kind: 'mcp', nickname: 'Own', stdio_server: 'files', ...more };
        for (const path of ['/v1/connections', '/v1/connections?dry_run=true']) {
          const answer = await product.ask('POST', path, { body });
          assert.equal(answer.status, 422, answer.text);
          assert.match(answer.text, new RegExp(Object.keys(more)[0]!));
        }
      }
    });

    it('is started by another kind, a path, an address, or a name the file does not hold', async () => {
      for (const body of [
        { kind: 'stdio', ...program() },
        { kind: 'stdio', stdio_server: 'files' },
        { kind: 'mcp', stdio_server: process.execPath },
        { kind: 'mcp', stdio_server: '../files' },
        { kind: 'mcp', stdio_server: 'Files' },
        { kind: 'mcp', stdio_server: '__proto__' },
        { kind: 'mcp', stdio_server: 'constructor' },
        { kind: 'mcp', stdio_server: program() },
        { kind: 'mcp', server_url: `file://${process.execPath}` },
        { kind: 'mcp', server_url: 'stdio:files' },
        { kind: 'mcp' },
      ]) {
        const answer = await product.ask('POST', '/v1/connections', { body: { nickname: 'Own', ...body } });
        assert.equal(answer.status, 422, `${JSON.stringify(body)} ${answer.text}`);
      }
      assert.ok(!existsSync(marker()));
    });

    it('is given an address, a credential, a header or a local origin that it could not use', async () => {
      for (const more of [
        { server_url: 'http://127.0.0.1:9/mcp' },
        { auth: { type: 'bearer', token: 'unused' } },
        { headers: { 'X-Team': 'unused' } },
        { local: true },
      ]) {
        const body = { kind: 'mcp', nickname: 'Own', stdio_server: 'files', ...more };
        const answer = await product.ask('POST', '/v1/connections', { body });
        assert.equal(answer.status, 422, answer.text);
        assert.match(answer.text, new RegExp(Object.keys(more)[0]!));
      }
    });

    it('may be connected with a key that only calls', async () => {
      const body = { kind: 'mcp', nickname: 'Own', stdio_server: 'files' };
      assert.equal((await product.ask('POST', '/v1/connections', { key, body })).status, 403);
    });
  });
});

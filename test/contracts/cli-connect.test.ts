import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { run } from '../../src/cli/index.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { runProgram } from '../processes.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import type { Json } from '../world.ts';
import { followLink, openAccountDesk, type Accounts, type Organization } from './account-desk.ts';
import { keys } from './connect-desk.ts';

// The command line against the product itself, and a person at a browser beside it.

let accounts: Accounts;
let closed: RotatingServer;
let picky: ProtectedMcp;
let directory: string;
before(async () => {
  // As on a laptop, whatever database the other tests have: local services are admitted one by one there.
  accounts = await openAccountDesk({ environment: { DATABASE_URL: '' } });
  closed = await startRotatingServer();
  picky = await startProtectedMcp({ issuers: [closed.issuer], accepts: (bearer) => closed.isGood(bearer) });
  directory = mkdtempSync(join(tmpdir(), 'toolcrib-cli-'));
});
after(async () => {
  rmSync(directory, { recursive: true });
  await accounts.close();
  await closed.close();
  await picky.close();
});

type Ran = { code: number; out: string; err: string };

/** Runs a command; `onLine` hears each line as it is printed, and may press Ctrl-C. */
async function toolcrib(
  org: Organization,
  words: readonly string[],
  options: { onLine?: (line: string, interrupt: () => void) => void; answer?: string } = {},
): Promise<Ran> {
  const said: { out: string[]; err: string[] } = { out: [], err: [] };
  const controller = new AbortController();
  const terminal: Terminal = {
    env: { TOOLCRIB_URL: accounts.world.url, TOOLCRIB_KEY: org.key },
    directory,
    home: directory,
    out(line) {
      said.out.push(line);
      options.onLine?.(line, () => controller.abort());
    },
    err: (line) => void said.err.push(line),
    isInteractive: options.answer !== undefined,
    isColourful: false,
    ask: async () => options.answer ?? '',
    untilInterrupted: (work) => work(controller.signal),
    readInput: async () => 'toolcrib-secret',
  };
  const code = await run(words, terminal.env, terminal);
  return { code, out: said.out.join('\n'), err: said.err.join('\n') };
}

/** Follows the page's address when it is printed, in a browser of its own. */
function following() {
  const pages: Promise<unknown>[] = [];
  const onLine = (line: string): void => {
    const url = /http:\S+\/connect\/\S+/.exec(line)?.[0];
    if (url) pages.push(followLink(accounts, url));
  };
  return { onLine, done: () => Promise.all(pages) };
}

describe('toolcrib add, with an MCP server that wants OAuth', () => {
  it('prints the page, waits until a person has signed in, and goes on with the tools', async () => {
    const org = await accounts.operator();
    const person = following();
    const { code, out, err } = await toolcrib(org, ['add', accounts.mcp.url], {
      onLine: person.onLine,
      answer: 'all',
    });
    await person.done();
    assert.equal(code, 0, err);
    assert.match(out, /wants you to sign in\. Open this page in your browser:\n {2}http:\S+\/connect\/\S+\n/);
    assert.match(out, /connected "[\w-]+": 1 tool on, 0 off/);
    const [connection, ...others] = await org.done('GET', '/v1/connections');
    assert.deepEqual([connection.status, connection.auth, others], ['connected', 'mcp_oauth', []]);
    await org.done('DELETE', `/v1/connections/${connection.id}`);
  });

  it('leaves nothing behind when it is given up', async () => {
    const org = await accounts.operator();
    const { code, err } = await toolcrib(org, ['add', accounts.mcp.url], {
      onLine: (line, interrupt) => void (line.includes('/connect/') && interrupt()),
    });
    assert.equal(code, 1);
    assert.equal(err, 'toolcrib: Given up: nothing was connected.');
    assert.deepEqual(await org.done('GET', '/v1/connections'), []);
  });

  it('tidies up when Ctrl-C is pressed', async () => {
    const org = await accounts.operator();
    const env = {
      TOOLCRIB_URL: accounts.world.url,
      TOOLCRIB_KEY: org.key,
      TOOLCRIB_DATA_DIR: directory,
    };
    const running = runProgram(['add', accounts.mcp.url], env);
    await running.said(/\/connect\//);
    const { code } = await running.stop('SIGINT');
    assert.equal(code, 1);
    assert.match(running.stderr(), /Given up: nothing was connected/);
    assert.deepEqual(await org.done('GET', '/v1/connections'), []);
  });

  it('says where the server knows its clients alone, and takes a client', async () => {
    const org = await accounts.operator();
    const without = await toolcrib(org, ['add', picky.url]);
    assert.equal(without.code, 1);
    assert.match(without.err, /wants you to sign in\. .*register one there and give its id/);
    assert.deepEqual(await org.done('GET', '/v1/connections'), []);
    const person = following();
    const words = ['add', picky.url, '--client-id', 'toolcrib', '--client-secret', '-', '--all'];
    const { code, err } = await toolcrib(org, words, person);
    await person.done();
    assert.equal(code, 0, err);
    assert.equal(closed.authorizations.at(-1)!.get('client_id'), 'toolcrib');
  });
});

describe('toolcrib connect', () => {
  it('prints the link of a connection, alone on its line', async () => {
    const org = await accounts.organization();
    const { id } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    const { code, out, err } = await toolcrib(org, ['connect', 'ledger']);
    assert.equal(code, 0, err);
    assert.match(out, /^http:\S+$/);
    await followLink(accounts, out, { key: keys.ada });
    assert.equal((await org.done('GET', `/v1/connections/${id}`)).status, 'connected');
  });

  it('prints the link of a registered user with --user', async () => {
    const org = await accounts.organization();
    await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    const user = await org.done('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'Ada' });
    const { out } = await toolcrib(org, ['connect', 'ledger', '--user', user.id]);
    await followLink(accounts, out);
    const [credential] = await org.done('GET', '/v1/credentials');
    assert.deepEqual(credential.owner, { type: 'user', id: user.id });
  });

  it('names the nearest connection, and says what a link cannot be for', async () => {
    const org = await accounts.organization();
    await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'plain', nickname: 'plain' });
    assert.match((await toolcrib(org, ['connect', 'plian'])).err, /Did you mean “plain”\?/);
    assert.match((await toolcrib(org, ['connect', 'plain'])).err, /nothing to sign in with/);
    assert.equal((await toolcrib(org, ['connect', 'plain', '--pack', 'x'])).code, 2);
  });
});

describe('toolcrib call', () => {
  it('prints the link where the account is missing, and the command where there is none', async () => {
    const org = await accounts.organization();
    const { slug } = await org.done('POST', '/v1/connections', { kind: 'catalog', connector: 'ledger' });
    const entry = (auth_scope: string) => [{ slug, auth_scope }];
    await org.done('POST', '/v1/packs', { name: 'theirs', entries: entry('INDIVIDUAL') });
    await org.done('POST', '/v1/packs', { name: 'ours', entries: entry('ORGANIZATION') });
    const user: Json = await org.done('POST', '/v1/users', { origin_user_id: 'u', origin_user_name: 'Ada' });
    const theirs = await toolcrib(org, ['call', `${slug}__me`, '--pack', 'theirs', '--user', user.id]);
    assert.equal(theirs.code, 1);
    const url = /Connect the account in a browser: (http:\S+\/connect\/\S+)$/.exec(theirs.err)![1]!;
    await followLink(accounts, url);
    const again = await toolcrib(org, ['call', `${slug}__me`, '--pack', 'theirs', '--user', user.id]);
    assert.deepEqual([again.code, JSON.parse(again.out).email], [0, 'ada@example.com']);
    const ours = await toolcrib(org, ['call', `${slug}__me`, '--pack', 'ours']);
    assert.equal(ours.code, 1);
    assert.match(ours.err, /Connect the account with: toolcrib connect ledger$/);
  });
});

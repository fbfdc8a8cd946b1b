import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
  UrlElicitationRequiredError as ModernRequired,
} from '@modelcontextprotocol/client';
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import {
  ElicitationCompleteNotificationSchema,
  ToolListChangedNotificationSchema,
  UrlElicitationRequiredError as LegacyRequired,
} from '@modelcontextprotocol/sdk/types.js';
import { startWorld, type World } from '../world.ts';
import { openAccounts, openScopes, type Accounts, type Desk, type Person } from './scopes-desk.ts';

// A call without credential, from the official clients, whose person finishes the link.

let world: World;
let accounts: Accounts;
let desk: Desk;
let ada: Person;
let address: string;
before(async () => {
  world = await startWorld();
  accounts = await openAccounts();
});
after(async () => {
  await world.close();
  await accounts.close();
});
beforeEach(async () => {
  desk = await openScopes(world, accounts);
  ada = await desk.person('ada');
  address = desk.address(await desk.pack('INDIVIDUAL'), ada);
});

const info = { name: 'test', version: '1' };
const byUrl = { elicitation: { url: {} } };
const call = { name: 'mail__send', arguments: {} };
const answered = [{ type: 'text', text: '{"account":"account of ada"}' }];
const withKey = (): { requestInit: RequestInit } => ({
  requestInit: { headers: { Authorization: `Bearer ${desk.key}` } },
});
const at = (base: string): URL => new URL(base + address);

type Asked = { mode?: string; url?: string; message: string };

async function modernClient(
  mode: 'auto' | 'legacy',
  onAsked: ((asked: Asked) => Promise<'accept' | 'decline'>) | null,
): Promise<ModernClient> {
  const capabilities = onAsked ? byUrl : {};
  const client = new ModernClient(info, { capabilities, versionNegotiation: { mode } });
  if (onAsked) {
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      action: await onAsked(params as Asked),
    }));
  }
  await client.connect(new ModernTransport(at(world.url), withKey()));
  return client;
}

describe('the client of the current generation', () => {
  it('sends its person to the page, and the same call answers as their account', async () => {
    const asked: Asked[] = [];
    const client = await modernClient('auto', async (wish) => {
      asked.push(wish);
      await desk.follow(wish.url!, 'account of ada');
      return 'accept';
    });
    const result = await client.callTool(call);
    assert.deepEqual(result.content, answered);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]!.mode, 'url');
    assert.match(asked[0]!.message, /mail is not connected for you/);
    await client.close();
  });

  it('is waited for while its person is at the page', async () => {
    const finished: Promise<unknown>[] = [];
    const client = await modernClient('auto', async (wish) => {
      finished.push(untilWaiting(world).then(() => desk.follow(wish.url!, 'account of ada')));
      return 'accept';
    });
    const result = await client.callTool(call);
    assert.deepEqual(result.content, answered);
    await Promise.all(finished);
    await client.close();
  });

  it('is told by the result when its person would not go', async () => {
    const client = await modernClient('auto', async () => 'decline');
    const { isError, structuredContent } = await client.callTool(call);
    assert.equal(isError, true);
    assert.equal((structuredContent as { error: string }).error, 'reauth_required');
    assert.deepEqual(
      accounts.seen.filter(({ service }) => service === 'notes'),
      [],
    );
    await client.close();
  });

  it('is told by the result when it can send nobody anywhere', async () => {
    const client = await modernClient('auto', null);
    const { isError, structuredContent } = await client.callTool(call);
    assert.equal(isError, true);
    assert.match((structuredContent as { magic_link_url: string }).magic_link_url, /\/connect\//);
    await client.close();
  });

  it('in the older era it is told of the page by an error of its own class', async () => {
    const client = await modernClient('legacy', async () => 'accept');
    const required = await client.callTool(call).then(
      () => assert.fail('the call ran'),
      (error: unknown) => error,
    );
    assert.ok(required instanceof ModernRequired);
    await desk.follow(required.elicitations[0]!.url, 'account of ada');
    assert.deepEqual((await client.callTool(call)).content, answered);
    await client.close();
  });
});

describe('the client of the earlier generation', () => {
  /** `listensAt` is where its stream is opened: perhaps another replica than the one that is asked to call. */
  async function finish(listensAt: string): Promise<void> {
    const client = new LegacyClient(info, { capabilities: byUrl });
    const [completed, changed] = [Promise.withResolvers<string>(), Promise.withResolvers<void>()];
    client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) =>
      completed.resolve(params.elicitationId),
    );
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed.resolve());
    const fetchFrom: typeof fetch = (_url, init) =>
      fetch(at(init?.method === 'GET' ? listensAt : world.url), init);
    await client.connect(new LegacyTransport(at(world.url), { ...withKey(), fetch: fetchFrom }));
    const callTool = (from: LegacyClient) => from.callTool(call);
    const required = await callTool(client).then(
      () => assert.fail('the call ran'),
      (error: unknown) => error,
    );
    assert.ok(required instanceof LegacyRequired);
    const [elicitation] = required.elicitations;
    assert.equal(elicitation!.mode, 'url');
    await desk.follow(elicitation!.url, 'account of ada');
    assert.equal(await completed.promise, elicitation!.elicitationId);
    await changed.promise;
    assert.deepEqual((await callTool(client))['content'], answered);
    const { tools } = await client.listTools();
    assert.ok(!tools.some(({ name }) => name === 'authenticate_mail'));
    await client.close();
  }

  it('is told of the page, and told when its person has been there', () => finish(world.url));

  it('is told so by whichever replica it listens to', async (test) => {
    if (world.crib.database.kind === 'embedded') return test.skip('one process has the embedded database');
    const second = await startWorld({ beside: world });
    await finish(second.url);
    await second.close();
  });
});

/** Resolves when a call waits for its person. */
function untilWaiting({ crib: { gateway } }: World): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const usual = gateway.untilConnected.bind(gateway);
  gateway.untilConnected = (...asked) => {
    gateway.untilConnected = usual;
    resolve();
    return usual(...asked);
  };
  return promise;
}

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createAuthenticator, foundOrganization, type Caller, type Principal } from '../access/index.ts';
import { createApprovalKeys } from '../approvals/index.ts';
import { createCredentialKeeper, type ConnectionHooks } from '../connections/index.ts';
import { loadCatalog } from '../connectors/index.ts';
import { createDrivers } from '../drivers/index.ts';
import { createEgress } from '../egress/index.ts';
import { createGateway, type CallAnswer, type FullGateway } from '../gateway/index.ts';
import { createCallJournal, createConfigWatch } from '../journal/index.ts';
import { Fault, isObject, newId, openEmbeddedDatabase, packageRoot, type Json } from '../kernel/index.ts';
import { findUses, removeEntriesOf } from '../packs/index.ts';
import { takeListing } from '../revisions/index.ts';
import { removeTools } from '../tools/index.ts';
import { createVault, masterKeysOf, wrapperOf } from '../vault/index.ts';
import { createSample, startHelpdesk, type Helpdesk, type Sample } from './index.ts';

// The whole of it with real parts: database, vault, egress, drivers, gateway, and the helpdesk on a real port.

const clock = { now: () => new Date() };
const fail = (error: unknown): void => {
  throw error;
};
const closing: (() => Promise<void> | void)[] = [];
let helpdesk: Helpdesk;
let gateway: FullGateway;
let sample: Sample;
let principal: Principal;

before(async () => {
  helpdesk = await startHelpdesk(null);
  const { database, bus } = await openEmbeddedDatabase({
    directory: null,
    migrations: join(packageRoot, 'migrations'),
    templates: [join(packageRoot, '.cache/template')],
  });
  const vault = createVault({
    database,
    clock,
    masterKeys: masterKeysOf(wrapperOf(randomBytes(32)), null),
  });
  const { adminKey } = await database.transaction('system', (tx) =>
    foundOrganization(tx, {
      slug: 'default',
      name: 'Default',
      isOperator: true,
      now: clock.now(),
      prepareVault: (tx, organizationId) => vault.prepare(tx, organizationId),
    }),
  );
  const watch = createConfigWatch({ database, bus, onError: fail });
  const authenticator = createAuthenticator({ database, clock, watch });
  const enter = (key: string): Promise<Principal> =>
    authenticator.authenticate({ authorization: [`Bearer ${key}`], apiKey: [] });
  const egress = createEgress({ allow: [], ownPort: null });
  const drivers = createDrivers({ egress, unsealer: vault.unsealer });
  const calls = createCallJournal({ pool: database.pool, onError: fail });
  const noLinks = async (): Promise<never> => assert.fail('the sample asks nobody to connect anything');
  const links = { issue: noLinks, isUnopened: noLinks };
  const connectionHooks: ConnectionHooks = {
    onListed: (tx, at, connection, listing) => takeListing(tx, { clock: at, vault }, connection, listing),
    findUses,
    onFlip: async () => undefined,
    findHeld: async () => [],
    activateHeld: async () => [],
    isLinkCurrent: async () => true,
    disableWebhooks: async () => [],
    async onRemove(tx, connection) {
      await removeEntriesOf(tx, vault, connection);
      await removeTools(tx, vault, connection);
    },
  };
  const keeper = createCredentialKeeper({
    database,
    bus,
    clock,
    vault,
    drivers,
    connectionHooks,
    replicaId: newId<'replica'>(),
    onStatus: () => assert.fail('the sample signs in with nothing that runs out'),
    onRefreshed: () => assert.fail('nor is refreshed'),
    onError: fail,
  });
  gateway = createGateway({
    database,
    bus,
    watch,
    clock,
    vault,
    drivers,
    keeper,
    calls,
    links,
    approvalKeys: createApprovalKeys(Buffer.alloc(32, 7)),
    publicUrl: 'http://127.0.0.1:7420',
    onError: fail,
  });
  closing.push(
    () => gateway.close(),
    () => keeper.close(),
    () => calls.close(),
    () => watch.close(),
    () => drivers.close(),
    () => egress.close(),
    () => database.close(),
  );
  const caller: Caller = { principal: await enter(adminKey), requestId: 'req_sample' };
  const ctx = {
    database,
    clock,
    caller,
    vault,
    egress,
    drivers,
    catalog: await loadCatalog(join(packageRoot, 'connectors')),
    keeper,
    connectionHooks,
    publicUrl: 'http://127.0.0.1:7420',
    isLaptop: true,
    stdioServers: [],
  };
  sample = await createSample(ctx, { helpdeskUrl: helpdesk.url });
  principal = await enter(sample.keyText);
});

after(async () => {
  for (const close of closing) await close();
  await helpdesk.close();
});

const call = (tool: string, given: Json): Promise<CallAnswer> =>
  gateway.call({
    caller: { principal, requestId: 'req_call' },
    address: { pack: 'sample', userId: null },
    tool: `helpdesk__${tool}`,
    arguments: given,
    protocol: 'rest',
    signal: AbortSignal.timeout(20_000),
  });
const atHelpdesk = async (path: string): Promise<{ status: number; body: Record<string, unknown> }> => {
  const response = await fetch(helpdesk.url + path);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const keysOf = (value: Json): string[] =>
  Array.isArray(value)
    ? (value as Json[]).flatMap(keysOf)
    : isObject(value)
      ? Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)])
      : [];

test('counts what the sample holds', () => {
  const { tokens, ...counts } = sample.counts;
  assert.deepEqual(counts, { tools: 6, off: 1, pinned: 1, trimmed: 1 });
  assert.ok(tokens > 100 && tokens < 2_000, `${tokens} tokens`);
});

test('gives a key that may call the sample pack and nothing else', () => {
  assert.deepEqual([...principal.scopes], ['runtime:all']);
  assert.deepEqual(principal.packIds, [sample.pack.id]);
  assert.equal(principal.expiresAt, null);
});

test('lets through only the mapped fields of a ticket, a fraction of what the service sent', async () => {
  const { result } = await call('get_ticket', { ticket_id: 1042 });
  assert.equal(result.isError, false);
  const mapped = new Set([
    'id',
    'subject',
    'status',
    'priority',
    'customer',
    'name',
    'email',
    'messages',
    'from',
    'body',
  ]);
  const seen = keysOf(result.structuredContent!);
  assert.deepEqual(
    seen.filter((key) => !mapped.has(key)),
    [],
  );
  assert.ok(seen.includes('body'));
  const raw = JSON.stringify((await atHelpdesk('/tickets/1042')).body).length;
  const served = JSON.stringify(result.structuredContent).length;
  assert.ok(raw > 3_000 && served * 4 < raw, `${raw} B sent, ${served} B served`);
});

test('sends the pinned sender, and refuses an agent that names its own', async () => {
  const refused = await call('create_reply', {
    ticket_id: 1041,
    from: 'ceo@helpdesk.example',
    body: 'Pay me.',
  });
  assert.equal(refused.result.isError, true);
  assert.match(JSON.stringify(refused.result.content), /from/);
  const { result } = await call('create_reply', { ticket_id: 1041, body: 'We are looking into it.' });
  assert.equal(result.isError, false);
  const { body } = await atHelpdesk('/tickets/1041');
  const messages = body['messages'] as { from: string; body: string }[];
  assert.deepEqual(
    messages.slice(1).map(({ from, body }) => [from, body]),
    [['support@helpdesk.example', 'We are looking into it.']],
  );
});

test('never reaches the service for a tool that is off', async () => {
  await assert.rejects(
    call('delete_ticket', { ticket_id: 1031 }),
    (error) => error instanceof Fault && error.code === 'unknown_tool',
  );
  assert.equal((await atHelpdesk('/tickets/1031')).status, 200);
  const view = await gateway.view(principal, { pack: 'sample', userId: null });
  assert.equal(
    view.tools.some(({ name }) => name.includes('delete')),
    false,
  );
});

test('lists, searches and changes tickets for an agent', async () => {
  const listed = await call('list_tickets', {});
  assert.equal((listed.result.structuredContent as { total: number }).total, 4);
  const found = await call('search_customers', { query: 'optics' });
  assert.match(JSON.stringify(found.result.structuredContent), /Northlight Optics/);
  const changed = await call('update_ticket', { ticket_id: 1038, status: 'solved' });
  assert.equal((changed.result.structuredContent as { status: string }).status, 'solved');
});

test('says in the service’s own way what is wrong with a request', async () => {
  const missing = await call('get_ticket', { ticket_id: 7 });
  assert.equal(missing.result.isError, true);
  const wrong = await fetch(`${helpdesk.url}/tickets/1042/replies`, { method: 'POST', body: '{"from":"x"}' });
  assert.equal(wrong.status, 400);
  assert.match(await wrong.text(), /invalid_request/);
  assert.equal(
    (await fetch(`${helpdesk.url}/tickets/1042/replies`, { method: 'POST', body: '{' })).status,
    400,
  );
  assert.equal((await fetch(`${helpdesk.url}/nothing`)).status, 404);
});

test('takes another port where the given one is taken', async () => {
  const second = await startHelpdesk(helpdesk.port);
  assert.notEqual(second.port, helpdesk.port);
  const { port } = second;
  await second.close();
  const third = await startHelpdesk(port);
  assert.equal(third.port, port);
  await third.close();
});

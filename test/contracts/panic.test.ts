import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { regenerateKey } from '../../src/access/index.ts';
import { createAgent } from '../../src/agents/index.ts';
import type { ConnectionsCtx } from '../../src/connections/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { createWebhook, updateWebhook } from '../../src/notices/index.ts';
import { startReceiver } from '../fakes/receiver.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { cleanUp, dataDir, runProgram } from '../processes.ts';
import { serverOf, signIn, stockOAuth, type OAuthStock } from '../stock-oauth.ts';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
const servers: RotatingServer[] = [];

before(async () => {
  world = await startWorld();
});
after(async () => {
  await world.close();
  for (const server of servers) await server.close();
  await cleanUp();
});

/** An organization with two OAuth services, one with a key given by hand, and one with nothing to sign in with. */
async function furnish() {
  const { id, key } = await world.organization();
  const ask: World['ask'] = (method, path, request = {}) => world.ask(method, path, { key, ...request });
  const principal = await world.crib.authenticator.authenticate({
    authorization: [`Bearer ${key}`],
    apiKey: [],
  });
  const ctx: ConnectionsCtx = world.crib.ctxFor({ principal, requestId: 'req_test' });
  const stocked: { server: RotatingServer; stock: OAuthStock; accessToken: string; refreshToken: string }[] =
    [];
  for (const name of ['good', 'silent']) {
    const server = await startRotatingServer();
    servers.push(server);
    const stock = await stockOAuth({ ask }, key, server, { name });
    const { accessToken, refreshToken } = server.issue();
    const at = { ...serverOf(server), revocationUrl: `${server.issuer}/revoke` };
    await signIn(ctx, stock.connectionId, { accessToken, refreshToken }, { server: at });
    stocked.push({ server, stock, accessToken, refreshToken });
  }
  const [good, silent] = stocked as [(typeof stocked)[0], (typeof stocked)[0]];
  const connect = async (nickname: string, auth: object): Promise<Json> => {
    const document = { openapi: '3.1.0', info: { title: nickname, version: '1' }, servers: [{ url: good.server.url }], paths: { '/api/things': { get: { operationId: 'see', responses: { 200: { description: 'ok' } } } } } }; // prettier-ignore
    const body = { kind: 'openapi', nickname, document, auth };
    const made = await ask('POST', '/v1/connections', { body });
    assert.equal(made.status, 201, made.text);
    return made.json.data;
  };
  const keyed = await connect('keyed', { type: 'bearer', token: 'given-by-hand-77' });
  const open = await connect('open', { type: 'none' });
  const other = (await ask('POST', '/v1/keys', { body: { name: 'other' } })).json.data;
  return { id, key, ask, ctx, good, silent, keyed, open, other };
}

const bySlug = (report: Json, slug: string): Json =>
  report.services.find((service: Json) => service.slug === slug);

describe('POST /v1/panic', () => {
  it('shows what it would do, and does nothing, unless dry_run is false', async () => {
    const { ask, good, keyed, other } = await furnish();
    for (const body of [undefined, {}, { dry_run: true }]) {
      const { status, json } = await ask('POST', '/v1/panic', { body });
      assert.equal(status, 200);
      assert.equal(json.data.dry_run, true);
      assert.equal(bySlug(json.data, good.stock.slug).accounts[0].outcome, 'revoked');
      assert.equal(bySlug(json.data, keyed.slug).accounts[0].outcome, 'disabled');
      assert.equal(json.data.keys_revoked.length, 3);
    }
    assert.equal(good.server.revocations.length, 0);
    assert.equal((await good.stock.call()).json['isError'], false);
    assert.equal((await world.ask('GET', '/v1/keys', { key: other.key })).status, 200);
  });

  it('takes an admin key, and no other', async () => {
    const { ask, key } = await furnish();
    const wide = (await ask('POST', '/v1/keys', { body: { scopes: ['management:all', 'runtime:all'] } })).json.data; // prettier-ignore
    for (const body of [undefined, { dry_run: false }]) {
      const refused = await world.ask('POST', '/v1/panic', { key: wide.key, body });
      assert.equal(refused.status, 403);
      assert.equal(refused.json.error.code, 'admin_key_required');
    }
    const narrow = (await ask('POST', '/v1/keys', { body: { scopes: ['keys:write'] } })).json.data;
    assert.equal((await world.ask('POST', '/v1/panic', { key: narrow.key })).status, 403);
    assert.equal((await world.ask('POST', '/v1/panic', { key })).status, 200);
  });

  it('revokes at the services, shreds the rest, ends every other key, and says what is left by hand', async () => {
    const { ask, id, good, silent, keyed, open, other } = await furnish();
    silent.server.always('revoke', { kind: 'status', status: 503 });
    assert.equal((await good.stock.call()).json['isError'], false);
    const { status, json, text } = await ask('POST', '/v1/panic', { body: { dry_run: false } });
    assert.equal(status, 200, text);
    const report = json.data;
    assert.equal(report.dry_run, false);

    assert.deepEqual(
      bySlug(report, good.stock.slug).accounts.map((one: Json) => [one.owner.split(':')[0], one.outcome]),
      [['organization', 'revoked']],
    );
    assert.equal(bySlug(report, good.stock.slug).by_hand, null);
    assert.equal(good.server.revocations[0]?.get('token'), good.refreshToken, 'the refresh token first');
    assert.equal(good.server.isGood(good.accessToken), false);

    assert.equal(bySlug(report, silent.stock.slug).accounts[0].outcome, 'unreachable');
    assert.match(bySlug(report, silent.stock.slug).by_hand, /did not confirm/);
    assert.equal(bySlug(report, keyed.slug).accounts[0].outcome, 'disabled');
    assert.match(
      bySlug(report, keyed.slug).by_hand,
      /^Revoke the credential at http:\/\/127.0.0.1:\d+ by hand/,
    );
    assert.deepEqual(bySlug(report, open.slug).accounts, []);

    for (const { stock } of [good, silent]) {
      const { json: shown } = await ask('GET', `/v1/connections/${stock.connectionId}`);
      assert.equal(shown.data.status, 'auth_failed');
      assert.match(shown.data.status_reason, /Disabled by panic/);
      assert.equal((await stock.call()).status, 401);
    }
    assert.equal((await ask('GET', `/v1/connections/${open.id}`)).json.data.is_active, false);
    assert.equal((await world.ask('GET', '/v1/keys', { key: other.key })).status, 401);
    assert.equal(report.keys_revoked.length, 3);
    assert.equal((await ask('GET', '/v1/credentials')).json.data.length, 0);

    const left = await world.crib.database.transaction({ organizationId: id }, async (tx) => {
      const { rows } = await sql<{ secrets: number; waiting: number }>`
        select (select count(*)::int from secrets) as secrets,
          (select coalesce(sum(cardinality(secret_ids)), 0)::int from revocations) as waiting`.execute(
        tx.kysely,
      );
      return rows[0]!;
    });
    // Two clients' own secrets, and what the silent service is to be asked about once more.
    assert.deepEqual(left, { secrets: 4, waiting: 2 });

    const { json: audit } = await ask('GET', '/v1/audit?limit=100');
    const actions = audit.data.map((row: Json) => row.action);
    const count = (action: string) => actions.filter((one: string) => one === action).length;
    assert.equal(count('panic.began'), 1);
    assert.equal(count('key.revoked'), 3);
    assert.equal(count('connection.disabled'), 4);
    assert.equal(count('credential.disabled'), 3);
    assert.equal(count('credential.revoked_upstream'), 1);
  });

  it('shreds the copies of secrets kept by themselves, and names those secrets, which stay', async () => {
    const { id, ask, keyed } = await furnish();
    const path = `/v1/orgs/${id}/vault/secrets`;
    const kept = (await ask('POST', path, { body: { name: 'Shop token', value: 'kept-by-itself-41' } })).json;
    const instance = `/v1/orgs/${id}/workspaces/default/tool-instances/${keyed.id}`;
    const body = { credential_refs: { token: kept.vault_id } };
    assert.equal((await ask('PUT', instance, { body })).json.has_credentials, true);
    for (const dry_run of [true, false]) {
      const { json, text } = await ask('POST', '/v1/panic', { body: { dry_run } });
      assert.deepEqual(json.data.secrets_kept, [{ vault_id: kept.vault_id, name: 'Shop token' }]);
      assert.equal(text.includes('kept-by-itself-41'), false);
    }
    const { has_credentials, credential_refs } = (await ask('GET', instance)).json;
    assert.deepEqual([has_credentials, credential_refs], [false, {}]);
    assert.equal((await ask('DELETE', `${path}/${kept.vault_id}`)).status, 204);
  });

  it('goes on with what is left when it is done again', async () => {
    const { ask, good, keyed } = await furnish();
    const first = await ask('POST', '/v1/panic', { body: { dry_run: false } });
    assert.equal(first.status, 200);
    const again = await ask('POST', '/v1/panic', { body: { dry_run: false } });
    assert.equal(again.status, 200);
    assert.deepEqual(again.json.data.keys_revoked, []);
    assert.deepEqual(bySlug(again.json.data, keyed.slug).accounts, []);
    assert.equal(good.server.counts.revoke, 2, 'two tokens, each once');
  });

  it('turns webhooks off first, so that none hears of it, and leaves turning them on again to a person', async () => {
    const { ask, other } = await furnish();
    const receiver = await startReceiver();
    try {
      // Whoever has a key that leaked may have made it.
      const made = await world.ask('POST', '/v1/webhooks', {
        key: other.key,
        body: { url: `${receiver.url}/hook?token=t0ken`, events: ['connection.status_changed'] },
      });
      assert.equal(made.status, 201, made.text);
      const { id } = made.json.data;
      const shown = { id, url: `${receiver.url}/hook?token=***` };
      const dry = await ask('POST', '/v1/panic');
      assert.deepEqual(dry.json.data.webhooks_disabled, [shown]);
      const read = async (): Promise<Json> => (await ask('GET', '/v1/webhooks')).json.data[0];
      assert.equal((await read()).is_active, true);
      const { json } = await ask('POST', '/v1/panic', { body: { dry_run: false } });
      assert.deepEqual(json.data.webhooks_disabled, [shown]);
      await world.crib.deliverer.settle();
      assert.equal(receiver.messages.length, 0);
      const off = await read();
      assert.deepEqual([off.is_active, /panic/.test(off.disabled_reason)], [false, true]);
      const { json: audit } = await ask('GET', '/v1/audit?action=webhook.disabled');
      assert.deepEqual(
        audit.data.map((row: Json) => [row.target.id, row.reason]),
        [[id, 'panic']],
      );
      const again = await ask('POST', '/v1/panic', { body: { dry_run: false } });
      assert.deepEqual(again.json.data.webhooks_disabled, []);
      const on = await ask('PATCH', `/v1/webhooks/${id}`, { body: { is_active: true } });
      assert.equal(on.json.data.is_active, true);
    } finally {
      await receiver.close();
    }
  });

  it('leaves nothing behind that a request under way with a revoked key would make to outlive it', async () => {
    const { ask, ctx, other } = await furnish();
    const agent = (await ask('POST', '/v1/agents', { body: { handle: 'Support' } })).json.data;
    const receiver = await startReceiver();
    const input = { url: receiver.url, events: ['call.denied'] as const, description: '' };
    const { webhook } = await createWebhook(ctx, input);
    const presented = { authorization: [`Bearer ${other.key}`], apiKey: [] };
    const principal = await world.crib.authenticator.authenticate(presented);
    const late = world.crib.ctxFor({ principal, requestId: 'req_late' });
    await ask('POST', '/v1/panic', { body: { dry_run: false } });
    const under = { kind: 'unauthenticated' };
    await assert.rejects(createWebhook(late, input), under);
    await assert.rejects(updateWebhook(late, webhook.id, { isActive: true }), under);
    await assert.rejects(regenerateKey(late, parseId(agent.id)!), under);
    await assert.rejects(createAgent(late, { handle: 'Late' }), under);
    await receiver.close();
  });

  it('leaves every other organization as it was', async () => {
    const [mine, theirs] = await Promise.all([furnish(), furnish()]);
    const done = await mine.ask('POST', '/v1/panic', { body: { dry_run: false } });
    assert.equal(done.text.includes(theirs.good.stock.connectionId), false);
    assert.equal((await theirs.good.stock.call()).json['isError'], false);
    assert.equal((await world.ask('GET', '/v1/keys', { key: theirs.other.key })).status, 200);
    assert.equal(theirs.good.server.revocations.length, 0);
  });

  it('refuses fields it does not know, and a dry_run that is neither true nor false', async () => {
    const { ask } = await furnish();
    for (const body of [{ dry_run: 'no' }, { dryRun: false }, { dry_run: null }, []]) {
      assert.equal((await ask('POST', '/v1/panic', { body })).status, 422, JSON.stringify(body));
    }
  });
});

describe('toolcrib panic', () => {
  it('asks for --yes, and then prints a report for each service', async () => {
    const { id, ask, key, good, silent, keyed, open } = await furnish();
    await ask('POST', `/v1/orgs/${id}/vault/secrets`, { body: { name: 'Shop token', value: 'x-41' } });
    silent.server.always('revoke', { kind: 'disconnect' });
    const env = { TOOLCRIB_URL: world.url, TOOLCRIB_KEY: key, TOOLCRIB_DATA_DIR: dataDir() };
    const shown = runProgram(['panic'], env);
    assert.equal((await shown.exited).code, 0);
    assert.match(shown.stderr(), /Nothing was done\. To do it: toolcrib panic --yes/);
    assert.match(shown.stdout(), /would be revoked/);
    assert.equal(good.server.revocations.length, 0);

    const done = runProgram(['panic', '--yes'], env);
    assert.equal((await done.exited).code, 1, 'one service did not confirm');
    const said = done.stdout();
    assert.match(said, new RegExp(`^${good.stock.slug}:\n  revoked   organization:`, 'm'));
    assert.match(said, new RegExp(`^${silent.stock.slug}:\n  unreachable   .*\n  ! Make sure`, 'm'));
    assert.match(
      said,
      new RegExp(`^${String(keyed.slug)}:\n  disabled only   .*\n  ! Revoke the credential`, 'm'),
    );
    assert.match(said, new RegExp(`^${String(open.slug)}: no credentials$`, 'm'));
    assert.match(said, /^! Make the secret “Shop token” \(\S+\) anew/m);
    assert.match(said, /^3 keys revoked; the admin key in use goes on working\.$/m);
    for (const secret of [
      good.accessToken,
      good.refreshToken,
      silent.refreshToken,
      'given-by-hand-77',
      key,
    ]) {
      assert.equal((said + done.stderr()).includes(secret), false);
    }
  });
});

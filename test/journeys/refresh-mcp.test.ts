import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ConnectionsCtx } from '../../src/connections/index.ts';
import { sendJson } from '../fakes/http-service.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { result, scriptedMcp, textResult, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import { serverOf, signIn } from '../stock-oauth.ts';
import { startWorld, type Json, type World } from '../world.ts';

let world: World;
let ctx: ConnectionsCtx;
let service: RotatingServer;
let counter: ScriptedMcp;
let connectionId: string;
/** A challenge that the counter answers every call with, instead of doing it. */
const refuses: { with: { status: number; challenge: string } | null } = { with: null };
/** Statuses of what the counter has refused, in order. */
const refused: number[] = [];

before(async () => {
  world = await startWorld();
  ctx = world.crib.ctxFor({ principal: world.crib.founded.operator, requestId: 'req_test' });
  service = await startRotatingServer();
  counter = await scriptedMcp({
    era: 'legacy',
    sessions: true,
    tools: [{ name: 'look', inputSchema: { type: 'object' } }],
    intercept({ headers }, message, response) {
      const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
      const refusal = !service.isGood(bearer)
        ? { status: 401, challenge: 'Bearer error="invalid_token"' }
        : message?.method === 'tools/call'
          ? refuses.with
          : null;
      if (!refusal) return false;
      refused.push(refusal.status);
      response.setHeader('www-authenticate', refusal.challenge);
      sendJson(response, { error: 'no' }, refusal.status);
      return true;
    },
    call: ({ id }, response) => result(response, id, textResult('looked')),
  });
  const { accessToken } = service.issue();
  const made = await world.ask('POST', '/v1/connections', {
    body: {
      kind: 'mcp',
      nickname: 'desk',
      server_url: counter.url,
      auth: { type: 'bearer', token: accessToken },
    },
  });
  assert.equal(made.status, 201, made.text);
  connectionId = made.json.data.id;
  const pack = await world.ask('POST', '/v1/packs', { body: { name: 'desk', entries: [{ slug: 'desk' }] } });
  assert.equal(pack.status, 201, pack.text);
});
after(async () => {
  await world.close();
  await counter.close();
  await service.close();
});

const enter = async (): Promise<void> => {
  await signIn(ctx, connectionId, service.issue(), { server: serverOf(service) });
  refused.length = 0;
};
const call = async (): Promise<Json> => {
  const body = { pack: 'desk', tool: 'desk__look', arguments: {} };
  const { status, json, text } = await world.ask('POST', '/v1/calls', { body });
  assert.equal(status, 200, text);
  return json;
};
const connector = async (): Promise<Json> =>
  (await world.ask('GET', `/v1/connectors/${connectionId}`)).json.data;

describe('an MCP server that no longer takes a token', () => {
  it('is called once more with a new one, in the session there is', async () => {
    await enter();
    assert.equal((await call()).isError, false);
    const asked = service.counts.token;
    service.expireAll();
    assert.equal((await call()).isError, false);
    assert.deepEqual(refused, [401]);
    assert.equal(service.counts.token, asked + 1);
  });

  it('is called once more with a new one where it opened no session', async () => {
    await enter();
    const asked = service.counts.token;
    service.expireAll();
    assert.equal((await call()).isError, false);
    assert.equal(service.counts.token, asked + 1);
    assert.equal((await connector()).status, 'connected');
  });

  it('is listed once more with a new one', async () => {
    await enter();
    const asked = service.counts.token;
    service.expireAll();
    const synced = await world.ask('POST', `/v1/connections/${connectionId}/sync`);
    assert.equal(synced.status, 200, synced.text);
    assert.equal(service.counts.token, asked + 1);
  });

  it('is listed with a new one at once where the old one has run out', async () => {
    const had = service.issue();
    service.expireNow(had.accessToken);
    const expiresAt = new Date(Date.now() - 1_000);
    await signIn(ctx, connectionId, had, { server: serverOf(service), expiresAt });
    refused.length = 0;
    const synced = await world.ask('POST', `/v1/connections/${connectionId}/sync`);
    assert.equal(synced.status, 200, synced.text);
    assert.deepEqual(refused, []);
  });

  it('fails the account when it refuses a listing with a token that cannot be renewed', async () => {
    await enter();
    service.revokeAccount(service.account);
    const synced = await world.ask('POST', `/v1/connections/${connectionId}/sync`);
    assert.ok(synced.status >= 400, synced.text);
    const { status, status_reason: reason } = await connector();
    assert.equal(status, 'auth_failed');
    assert.match(reason, /invalid_grant/, 'and the failed listing does not write over the reason');
    service.account = 'account-2';
  });
});

describe('an MCP server that wants more scopes', () => {
  it('is told to whoever calls, with the scopes, and fails nothing', async () => {
    await enter();
    const asked = service.counts.token;
    refuses.with = {
      status: 403,
      challenge: 'Bearer error="insufficient_scope", scope="files:read files:write"',
    };
    const { isError, structuredContent } = await call();
    assert.equal(isError, true);
    assert.equal(structuredContent.error, 'reauth_required');
    assert.match(structuredContent.message, /files:read files:write/);
    assert.deepEqual(refused, [403], 'asked once');
    assert.equal(service.counts.token, asked, 'a refresh would bring nothing');
    assert.deepEqual([(await connector()).status, (await connector()).status_reason], ['connected', null]);
    refuses.with = null;
    assert.equal((await call()).isError, false);
  });

  it('is answered as any other refusal where it names more than anybody should grant', async () => {
    const scope = Array.from({ length: 51 }, (_, n) => `scope${n}`).join(' ');
    refuses.with = { status: 403, challenge: `Bearer error="insufficient_scope", scope="${scope}"` };
    const { isError, structuredContent } = await call();
    assert.equal(isError, true);
    assert.notEqual(structuredContent?.error, 'reauth_required');
    refuses.with = null;
  });
});

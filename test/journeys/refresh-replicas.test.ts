import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startCuttableProxy, type CuttableProxy } from '../fakes/cuttable-proxy.ts';
import { startOidcProvider } from '../fakes/oauth-server.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import {
  cleanUp,
  freshEnv,
  needsServer,
  onCleanUp,
  serverGround,
  startServer,
  until,
  withCrib,
  type Environment,
  type Server,
  type ThrowAway,
} from '../processes.ts';
import { createPkce } from '../../src/drivers/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { adminTold } from '../stock.ts';
import { serverOf, signIn, stockOAuth, type HadTokens, type OAuthStock } from '../stock-oauth.ts';

after(cleanUp);

const minute = 60_000;
/** Calls are to find it, and not the housekeeping. */
const later = (): Date => new Date(Date.now() + 60 * minute);

describe('tokens on two replicas over one PostgreSQL', { skip: needsServer }, () => {
  let database: ThrowAway;
  let env: Environment;
  let otherEnv: Environment;
  let proxy: CuttableProxy;
  let a: Server;
  let b: Server;
  let service: RotatingServer;
  let stock: OAuthStock;

  before(async () => {
    const ground = await serverGround();
    ({ database, env } = ground);
    const { PORT, TOOLCRIB_DATA_DIR } = await freshEnv();
    const behind = new URL(database.url);
    proxy = await startCuttableProxy({ host: behind.hostname, port: Number(behind.port || 5432) });
    onCleanUp(() => proxy.close());
    behind.host = `127.0.0.1:${proxy.port}`;
    otherEnv = {
      ...env,
      PORT: PORT!,
      TOOLCRIB_DATA_DIR: TOOLCRIB_DATA_DIR!,
      DATABASE_URL: behind.href,
    };
    a = await startServer(env);
    b = await startServer(otherEnv);
    service = await startRotatingServer();
    onCleanUp(() => service.close());
    stock = await stockOAuth(a, adminTold(a), service);
  });

  /** Signs in anew, with a token that runs out so many milliseconds from now. */
  const give = (had: HadTokens, left: number, due: 'due' | 'not due'): Promise<string> =>
    withCrib(env, async (_crib, ctx) => {
      const expiresAt = new Date(Date.now() + left);
      const refreshDueAt = due === 'due' ? new Date(Date.now() - 1) : later();
      const server = serverOf(service);
      return (await signIn(ctx, stock.connectionId, had, { server, expiresAt, refreshDueAt })).id;
    });
  const callOn = async (server: Server): Promise<number> => {
    const { status, json } = await stock.call(server);
    assert.equal(status, 200, JSON.stringify(json));
    return json['isError'] ? 500 : 200;
  };
  const crowd = (each: number): Promise<number[]> =>
    Promise.all([a, b].flatMap((server) => Array.from({ length: each }, () => callOn(server))));
  const credential = async (id: string) => {
    const [row] = await database.query<{
      status: string;
      status_reason: string | null;
      version: number;
      connection_status: string;
    }>(
      `select credentials.status, credentials.status_reason, version, connections.status as connection_status
       from credentials join connections using (organization_id, connection_id) where credential_id = $1`,
      [id],
    );
    return row!;
  };
  const outcomes = async (id: string): Promise<string[]> =>
    (
      await database.query<{ outcome: string | null }>(
        'select outcome from refresh_attempts where credential_id = $1 order by started_at, ended_at',
        [id],
      )
    ).map(({ outcome }) => outcome ?? 'open');

  it('a hundred calls that find it run out are all answered after one refresh', async () => {
    const asked = service.counts.token;
    const { accessToken, refreshToken } = service.issue();
    service.expireNow(accessToken);
    // Views are compiled before, so that everybody comes at the same moment.
    const id = await give({ accessToken, refreshToken }, -1_000, 'not due');
    assert.deepEqual([...new Set(await crowd(50))], [200]);
    assert.equal(service.counts.token - asked, 1);
    assert.equal(service.reuses, 0);
    assert.deepEqual(await outcomes(id), ['refreshed']);
    const { status, version } = await credential(id);
    assert.deepEqual({ status, version }, { status: 'connected', version: 2 });
  });

  it('a token endpoint that takes fifteen seconds fails none of them', async () => {
    const asked = service.counts.token;
    const { accessToken, refreshToken } = service.issue();
    service.expireNow(accessToken);
    service.next('token', { kind: 'hold', until: wait(15_000) });
    const id = await give({ accessToken, refreshToken }, -1_000, 'not due');
    assert.deepEqual([...new Set(await crowd(50))], [200]);
    assert.equal(service.counts.token - asked, 1);
    assert.deepEqual(await outcomes(id), ['refreshed']);
  });

  it('a hundred calls that are refused with 401 before that are all answered after one refresh', async () => {
    const asked = service.counts.token;
    const { accessToken, refreshToken } = service.issue();
    const id = await give({ accessToken, refreshToken }, 60 * minute, 'not due');
    assert.deepEqual(await crowd(1), [200, 200]);
    service.expireNow(accessToken);
    assert.deepEqual([...new Set(await crowd(50))], [200]);
    assert.equal(service.counts.token - asked, 1);
    assert.equal(service.reuses, 0);
    assert.equal((await credential(id)).version, 2);
  });

  it('what is due is refreshed by one of them, before it runs out and without a call', async () => {
    const asked = service.counts.token;
    const id = await give(service.issue(), 60 * minute, 'due');
    await until('it was refreshed', 15_000, async () => ((await credential(id)).version === 2 ? true : null));
    assert.equal(service.counts.token - asked, 1);
    assert.deepEqual(await crowd(2), [200, 200, 200, 200]);
    assert.equal(service.counts.token - asked, 1);
  });

  it('a replica that hears of nothing finds out by the refusal, and asks for no second refresh', async () => {
    const asked = service.counts.token;
    const { accessToken, refreshToken } = service.issue();
    const id = await give({ accessToken, refreshToken }, 60 * minute, 'not due');
    assert.deepEqual(await crowd(1), [200, 200]);
    proxy.cutWhoSays('listen toolcrib');
    await b.said(/the change bus is cut/);
    service.expireNow(accessToken);
    assert.equal(await callOn(a), 200);
    assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => callOn(b))), Array(10).fill(200));
    proxy.restore();
    assert.equal(service.counts.token - asked, 1);
    assert.equal(service.reuses, 0);
    assert.equal((await credential(id)).version, 2);
  });

  it('the certified provider, which rotates too, sees one refresh for a hundred calls', async () => {
    const redirectUri = 'http://127.0.0.1:1/callback';
    const provider = await startOidcProvider({ redirectUris: [redirectUri] });
    onCleanUp(() => provider.close());
    const server = { ...serverOf(provider), authorizationUrl: `${provider.issuer}/auth` };
    const other = await stockOAuth(a, adminTold(a), { url: provider.issuer }, { name: 'certified' });
    const id = await withCrib(env, async (_crib, ctx) => {
      const { organizationId } = ctx.caller.principal;
      const { oauth } = ctx.drivers;
      const keep = (text: Plaintext): Promise<string> =>
        ctx.database.transaction({ organizationId }, (tx) => ctx.vault.keep(tx, organizationId, text));
      const secretId = await keep(new Plaintext('toolcrib-secret'));
      const client = { clientId: 'toolcrib', auth: 'client_secret_basic', secretId } as const;
      const { verifier, challenge } = createPkce();
      const state = 'a-state';
      const scopes = ['openid', 'offline_access'];
      const page = oauth.authorizationUrl(server, client, { redirectUri, state, challenge, scopes });
      const back = await provider.approve(page);
      const verifierSecretId = await keep(verifier);
      const parameters = back.searchParams;
      const had = await oauth.exchange({
        organizationId,
        server,
        client,
        parameters,
        state,
        redirectUri,
        verifierSecretId,
        localOrigin: null,
      });
      const expiresAt = new Date(Date.now() - 1_000);
      return (await signIn(ctx, other.connectionId, had, { server, expiresAt, refreshDueAt: later() })).id;
    });
    const asked = provider.paths.filter((path) => path === '/token').length;
    const calls = [a, b].flatMap((one) => Array.from({ length: 50 }, () => other.call(one)));
    const answers = await Promise.all(calls);
    assert.deepEqual([...new Set(answers.map(({ json }) => json['isError']))], [false]);
    assert.equal(provider.paths.filter((path) => path === '/token').length - asked, 1);
    assert.deepEqual(await outcomes(id), ['refreshed']);
  });

  /** Lets the lease run out, as time would. */
  const lapse = (): Promise<unknown[]> =>
    database.query(
      "update refresh_attempts set lease_until = now() - interval '1 second' where ended_at is null",
    );

  /** A is killed while the service has its refresh, before or after the service has rotated the token. */
  const killInRefresh = async (rotates: boolean): Promise<string> => {
    const asked = service.counts.token;
    const never = Promise.withResolvers<void>();
    service.next('token', { kind: 'hold', until: never.promise, before: !rotates });
    const { accessToken, refreshToken } = service.issue();
    service.expireNow(accessToken);
    const id = await give({ accessToken, refreshToken }, -1_000, 'not due');
    const lost = stock.call(a).catch(() => null);
    await service.arrived('token', asked + 1);
    await a.stop('SIGKILL');
    assert.equal(await lost, null);
    assert.deepEqual(await outcomes(id), ['open']);
    return id;
  };

  it('killed between the request and the answer, the other goes on and the status says what is not known', async () => {
    const id = await killInRefresh(true);
    const reuses = service.reuses;
    const waiting = stock.call(b);
    await lapse();
    const { json } = await waiting;
    // The service had rotated the token, and takes the second use of it for theft.
    assert.equal(json['isError'], true);
    assert.equal(service.reuses, reuses + 1);
    assert.deepEqual(await outcomes(id), ['lost', 'terminal']);
    const { status, status_reason: reason, connection_status: connection } = await credential(id);
    assert.deepEqual({ status, connection }, { status: 'auth_failed', connection: 'auth_failed' });
    assert.match(reason!, /invalid_grant/);
    assert.match(reason!, /cut off when its server stopped; the service may have answered it/);
    const audit = await database.query<{ action: string }>(
      "select action from audit_rows where target_id = $1 and actor_type = 'system' order by seq",
      [id],
    );
    assert.deepEqual(
      audit.map(({ action }) => action),
      ['credential.refresh_lost', 'credential.status_changed'],
    );
    a = await startServer(env);
  });

  it('killed before the service has done anything, the next refresh goes through and all is well', async () => {
    const id = await killInRefresh(false);
    const waiting = callOn(b);
    await lapse();
    assert.equal(await waiting, 200);
    assert.deepEqual(await outcomes(id), ['lost', 'refreshed']);
    const { status, status_reason: reason, connection_status: connection } = await credential(id);
    assert.deepEqual(
      { status, reason, connection },
      { status: 'connected', reason: null, connection: 'connected' },
    );
    a = await startServer(env);
    assert.equal(await callOn(a), 200);
  });
});

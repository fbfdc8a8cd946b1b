import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { startRotatingServer } from '../fakes/rotating-server.ts';
import { cleanUp, embeddedGround, onCleanUp, startServer, withCrib } from '../processes.ts';
import { adminTold } from '../stock.ts';
import { serverOf, signIn, stockOAuth } from '../stock-oauth.ts';

after(cleanUp);

describe('killed in the middle of a refresh, on the embedded database', () => {
  it('the next start takes it up at once, and says that an answer may have been lost', async () => {
    const ground = await embeddedGround();
    const service = await startRotatingServer();
    onCleanUp(() => service.close());
    let server = await startServer(ground.env);
    const stock = await stockOAuth(server, adminTold(server), service);
    await server.stop();

    const { accessToken, refreshToken } = service.issue();
    service.expireNow(accessToken);
    const expiresAt = new Date(Date.now() - 1_000);
    const refreshDueAt = new Date(Date.now() + 3_600_000);
    const { id } = await withCrib(ground.env, (_crib, ctx) =>
      signIn(
        ctx,
        stock.connectionId,
        { accessToken, refreshToken },
        {
          server: serverOf(service),
          expiresAt,
          refreshDueAt,
        },
      ),
    );

    const never = Promise.withResolvers<void>();
    service.next('token', { kind: 'hold', until: never.promise });
    server = await startServer(ground.env);
    const lost = stock.call(server).catch(() => null);
    await service.arrived('token', 1);
    await server.stop('SIGKILL');
    assert.equal(await lost, null);

    server = await startServer(ground.env);
    // No lease is waited for: one process has this database, so the refresh was lost with the one before.
    assert.equal((await stock.call(server)).json['isError'], true);
    await server.stop();
    const [row] = await ground.owner<{ status: string; status_reason: string }>(
      'select status, status_reason from credentials where credential_id = $1',
      [id],
    );
    assert.equal(row!.status, 'auth_failed');
    assert.match(row!.status_reason, /cut off when its server stopped; the service may have answered it/);
    const attempts = await ground.owner<{ outcome: string }>(
      'select outcome from refresh_attempts where credential_id = $1 order by started_at',
      [id],
    );
    assert.deepEqual(
      attempts.map(({ outcome }) => outcome),
      ['lost', 'terminal'],
    );
    assert.equal(service.reuses, 1, 'the service had rotated the token before the process was killed');
  });
});

import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { startWorld, type World } from '../world.ts';

let world: World;
before(
  async () =>
    void (world = await startWorld({
      environment: {
        TOOLCRIB_ALLOWED_ORIGINS: 'https://desk.example',
        TOOLCRIB_ALLOWED_HOSTS: 'crib.example',
      },
    })),
);
after(() => world.close());

type Bare = { status: number; headers: IncomingHttpHeaders; text: string };

/** A request below fetch, which will not send a Host, an Origin or one header twice. */
function bare(path: string, headers: readonly (readonly [string, string])[], method = 'GET'): Promise<Bare> {
  return new Promise((resolve, reject) => {
    const flat = headers.flatMap(([name, value]) => [name, value]);
    const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
    const own = hasHost ? [] : ['Host', `127.0.0.1:${world.port}`];
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: world.port,
        path,
        method,
        headers: [...own, ...flat],
        setHost: false,
      } as object,
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      },
    );
    request.on('error', reject).end();
  });
}

const bearer = (key: string) => ['Authorization', `Bearer ${key}`] as const;

describe('the door', () => {
  it('puts a request id of its own on every response', async () => {
    const ids = new Set<string>();
    for (const path of ['/healthz', '/v1/keys', '/v1/nowhere', '/docs']) {
      const { headers } = await world.ask('GET', path, { headers: { 'x-request-id': 'mine' } });
      assert.match(headers.get('x-request-id')!, /^req_[0-9a-f]{24}$/);
      ids.add(headers.get('x-request-id')!);
    }
    assert.equal(ids.size, 4);
  });

  it('answers 421 to a Host that is not ours, and 400 to two or an unreadable one', async () => {
    const key = bearer(world.adminKey);
    assert.equal((await bare('/v1/keys', [['Host', 'evil.example'], key])).status, 421);
    assert.equal((await bare('/v1/keys', [['Host', `evil.example:${world.port}`], key])).status, 421);
    assert.equal((await bare('/v1/keys', [['Host', '127.0.0.1:1'], key])).status, 421);
    assert.equal((await bare('/v1/keys', [['Host', 'a b'], key])).status, 400);
  });

  it('answers loopback names with our port and the names of TOOLCRIB_ALLOWED_HOSTS', async () => {
    const key = bearer(world.adminKey);
    for (const host of [
      `localhost:${world.port}`,
      `127.0.0.1:${world.port}`,
      `[::1]:${world.port}`,
      'crib.example',
      'Crib.Example:443',
    ]) {
      assert.equal((await bare('/v1/keys', [['Host', host], key])).status, 200, host);
    }
  });

  it('answers /healthz and /readyz whatever the Host', async () => {
    for (const path of ['/healthz', '/readyz']) {
      assert.equal((await bare(path, [['Host', 'anything.example']])).status, 200);
    }
  });

  it('refuses a browser origin that is not allowed with 403', async () => {
    const key = bearer(world.adminKey);
    for (const origin of ['https://evil.example', 'null', `http://127.0.0.1:${world.port + 1}`]) {
      assert.equal((await bare('/v1/keys', [['Origin', origin], key])).status, 403, origin);
    }
    for (const origin of [world.url, `http://localhost:${world.port}`, 'https://desk.example']) {
      const answer = await bare('/v1/keys', [['Origin', origin], key]);
      assert.equal(answer.status, 200, origin);
      assert.equal(answer.headers['access-control-allow-origin'], origin);
    }
  });

  it('answers the preflight of an allowed origin without a key', async () => {
    const answer = await bare(
      '/v1/keys',
      [
        ['Origin', 'https://desk.example'],
        ['Access-Control-Request-Method', 'POST'],
        ['Access-Control-Request-Headers', 'authorization, content-type'],
      ],
      'OPTIONS',
    );
    assert.equal(answer.status, 204);
    assert.equal(answer.headers['access-control-allow-headers'], 'authorization, content-type');
  });

  it('sends headers that keep an answer from being sniffed, framed, stored or run', async () => {
    const { headers } = await world.ask('GET', '/v1/keys');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.match(headers.get('content-security-policy')!, /default-src 'none'.*frame-ancestors 'none'/);
  });

  it('refuses a target that is no path', async () => {
    assert.equal((await bare('http://evil.example/v1/keys', [bearer(world.adminKey)])).status, 400);
    assert.equal((await bare('//evil.example/v1/keys', [bearer(world.adminKey)])).status, 400);
  });

  it('does not break over bytes that are no HTTP', async () => {
    const socket = connect(world.port, '127.0.0.1');
    const text = await new Promise<string>((resolve, reject) => {
      let read = '';
      socket.setEncoding('utf8').on('data', (chunk: string) => (read += chunk));
      socket.on('close', () => resolve(read)).on('error', reject);
      socket.write('GET /v1/keys HTTP/1.1\r\nHost: \u0001\r\nX: \u0000\r\n\r\n');
    });
    assert.match(text, /^HTTP\/1\.1 400 /);
    assert.equal((await world.ask('GET', '/healthz')).status, 200);
  });
});

describe('who is calling', () => {
  it('takes Authorization: Bearer and x-api-key alike on every route', async () => {
    for (const path of ['/v1/keys', '/api/v1/access-keys/', '/v1/orgs']) {
      assert.equal((await bare(path, [bearer(world.adminKey)])).status, 200);
      assert.equal((await bare(path, [['X-Api-Key', world.adminKey]])).status, 200);
    }
  });

  it('takes one key said twice, and answers 401 to two different ones', async () => {
    const other = (await world.organization()).key;
    const key = bearer(world.adminKey);
    assert.equal((await bare('/v1/keys', [key, ['x-api-key', world.adminKey]])).status, 200);
    assert.equal((await bare('/v1/keys', [key, ['x-api-key', other]])).status, 401);
    assert.equal((await bare('/v1/keys', [key, bearer(other)])).status, 401);
    assert.equal(
      (
        await bare('/v1/keys', [
          ['x-api-key', other],
          ['x-api-key', world.adminKey],
        ])
      ).status,
      401,
    );
  });

  it('never takes a key from the query string', async () => {
    for (const name of ['key', 'api_key', 'x-api-key', 'authorization', 'access_token']) {
      assert.equal((await bare(`/v1/keys?${name}=${world.adminKey}`, [])).status, 401);
    }
  });

  it('answers 401 with WWW-Authenticate to no key, an empty, a misspelt and an unknown one', async () => {
    const misspelt = `${world.adminKey.slice(0, -1)}${world.adminKey.endsWith('0') ? '1' : '0'}`;
    for (const headers of [
      [],
      [['Authorization', '']],
      [['Authorization', 'Bearer ']],
      [['Authorization', `Basic ${world.adminKey}`]],
      [['Authorization', `Bearer ${misspelt}`]],
      [['x-api-key', 'x'.repeat(4000)]],
    ] as const) {
      const answer = await bare('/v1/keys', headers);
      assert.equal(answer.status, 401);
      assert.match(answer.headers['www-authenticate']!, /^Bearer/);
    }
  });

  it('logs who was refused, past the proxies that are trusted and no others', async () => {
    const proxied = await startWorld({ environment: { TOOLCRIB_TRUSTED_PROXIES: '127.0.0.1' } });
    try {
      const headers = { 'x-forwarded-for': '198.51.100.7, 203.0.113.9' };
      for (const each of [world, proxied]) await each.ask('GET', '/v1/keys', { key: 'nonsense', headers });
      const refused = ({ logged }: World) => logged.filter((line) => line.includes('no valid key')).join('');
      assert.match(refused(proxied), /"client":"203\.0\.113\.9"/);
      assert.match(refused(world), /"client":"127\.0\.0\.1"/);
      assert.doesNotMatch(refused(world) + refused(proxied), /nonsense|198\.51/);
    } finally {
      await proxied.close();
    }
  });

  it('asks for a key before it tells whether a route exists', async () => {
    for (const path of [
      '/v1/nowhere',
      '/api/v1/nowhere/',
      '/nowhere',
      '/openapi/../v1/keys',
      '/docs/x',
      '/metrics',
    ]) {
      assert.equal((await world.ask('GET', path, { key: '' })).status, 401, path);
    }
  });

  it('answers the public list without a key', async () => {
    for (const path of [
      '/healthz',
      '/readyz',
      '/openapi.json',
      '/openapi/toolcrib.json',
      '/docs',
      '/docs.md',
      '/llms.txt',
      '/.well-known/oauth-protected-resource',
    ]) {
      assert.equal((await world.ask('GET', path, { key: '' })).status, 200, path);
    }
    for (const path of ['/healthz', '/docs', '/openapi.json']) {
      assert.equal((await world.ask('POST', path, { key: '' })).status === 200, false, path);
    }
  });
});

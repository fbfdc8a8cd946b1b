import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isFault } from '../../test/fakes/faults.ts';
import { closedPort, httpService, sendJson } from '../../test/fakes/http-service.ts';
import type { Fake } from '../../test/fakes/http-service.ts';
import { createBreaker } from './breaker.ts';
import { createEgress } from './create-egress.ts';
import type { Egress } from './types.ts';

const open: { close(): Promise<void> }[] = [];
after(() => Promise.all(open.map((one) => one.close())));

const service = async (...args: Parameters<typeof httpService>): Promise<Fake> => {
  const fake = await httpService(...args);
  open.push(fake);
  return fake;
};
const egressOf = (...args: Parameters<typeof createEgress>): Egress => {
  const egress = createEgress(...args);
  open.push(egress);
  return egress;
};
const lenient = () => egressOf({ allow: ['127.0.0.1'], ownPort: null });
const get = { method: 'GET', headers: {} };
const cap = { maxBytes: 1_000_000 };

describe('egress', () => {
  it('sends a request and reads the whole answer', async () => {
    const fake = await service((seen, response) => sendJson(response, { got: seen.body.toString() }));
    const answer = await lenient().exchange(
      { method: 'POST', url: `${fake.url}/x?y=1`, headers: { 'x-a': 'b' }, body: 'hi' },
      cap,
    );
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body.toString()), { got: 'hi' });
    assert.equal(fake.requests[0]!.url, '/x?y=1');
    assert.equal(fake.requests[0]!.headers['x-a'], 'b');
  });

  it('says the same for refused, closed, unresolvable and redirected to a refused address', async () => {
    const redirecting = await service((_seen, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    const lookup = (name: string) =>
      name === 'inside.test'
        ? Promise.resolve([{ address: '10.0.0.1', family: 4 }])
        : Promise.reject(new Error('ENOTFOUND'));
    const egress = egressOf({ allow: ['127.0.0.1'], ownPort: null }, { lookup });
    const said = new Set<string>();
    const urls = [
      'http://10.0.0.1/',
      'http://inside.test/',
      'http://absent.test/',
      `http://127.0.0.1:${await closedPort()}/`,
      redirecting.url,
      'ftp://public.test/',
    ];
    for (const url of urls) {
      await assert.rejects(
        egress.exchange({ ...get, url, follow: true }, cap),
        (error: Error & { code?: string }) => {
          said.add(`${error.code}: ${error.message}`);
          return true;
        },
      );
    }
    assert.deepEqual([...said], ['unreachable: The service could not be reached.']);
  });

  it('dials only what it checked when a name changes its address between two look-ups', async () => {
    const fake = await service((_seen, response) => response.end('inside'));
    let asked = 0;
    const lookup = () => {
      asked += 1;
      return Promise.resolve([{ address: asked === 1 ? '93.184.215.14' : '127.0.0.1', family: 4 }]);
    };
    const egress = egressOf({ allow: [], ownPort: null }, { lookup });
    await egress.check(`http://rebinds.test:${fake.port}/`);
    await assert.rejects(
      egress.exchange({ ...get, url: `http://rebinds.test:${fake.port}/` }, cap),
      isFault('upstream', 'unreachable'),
    );
    assert.equal(fake.requests.length, 0);
  });

  it('connects to the checked address of a name', async () => {
    const fake = await service((seen, response) => response.end(seen.headers.host));
    const lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
    const egress = egressOf({ allow: ['127.0.0.1'], ownPort: null }, { lookup });
    const answer = await egress.exchange({ ...get, url: `http://named.test:${fake.port}/` }, cap);
    assert.equal(answer.body.toString(), `named.test:${fake.port}`);
  });

  it('follows a GET within the origin with its credentials and across origins without them', async () => {
    const last = await service((seen, response) => sendJson(response, seen.headers));
    const first = await service((seen, response) => {
      const location = seen.url === '/start' ? '/same' : `${last.url}/other`;
      response.writeHead(302, { location }).end();
    });
    const answer = await lenient().exchange(
      {
        ...get,
        url: `${first.url}/start`,
        headers: { authorization: 'Bearer s', 'X-Key': 'k', cookie: 'a=b', 'x-plain': 'stays' },
        follow: true,
        credentialHeaders: ['x-key'],
      },
      cap,
    );
    assert.equal(first.requests[1]!.headers.authorization, 'Bearer s');
    const received = JSON.parse(answer.body.toString()) as Record<string, string>;
    assert.equal(received['authorization'], undefined);
    assert.equal(received['x-key'], undefined);
    assert.equal(received['cookie'], undefined);
    assert.equal(received['x-plain'], 'stays');
    assert.equal(answer.url, `${last.url}/other`);
  });

  it('gives up after five redirects', async () => {
    const fake = await service((_seen, response) => response.writeHead(302, { location: '/again' }).end());
    await assert.rejects(
      lenient().exchange({ ...get, url: fake.url, follow: true }, cap),
      isFault('upstream', 'unreachable'),
    );
    assert.equal(fake.requests.length, 6);
  });

  it('never replays a POST to where a redirect points', async () => {
    const fake = await service((_seen, response) => response.writeHead(307, { location: '/again' }).end());
    const answer = await lenient().exchange(
      { method: 'POST', url: fake.url, headers: {}, body: 'x', follow: true },
      cap,
    );
    assert.equal(answer.status, 307);
    assert.equal(fake.requests.length, 1);
  });

  it('admits a local origin for the first request and not for a redirect to it', async () => {
    const fake = await service((seen, response) =>
      seen.url === '/hop' ? response.writeHead(302, { location: '/' }).end() : response.end('ok'),
    );
    const egress = egressOf({ allow: [], ownPort: null });
    const local = { ...get, localOrigin: fake.url, follow: true };
    assert.equal((await egress.exchange({ ...local, url: fake.url }, cap)).body.toString(), 'ok');
    await assert.rejects(
      egress.exchange({ ...local, url: `${fake.url}/hop` }, cap),
      isFault('upstream', 'unreachable'),
    );
    await assert.rejects(egress.exchange({ ...get, url: fake.url }, cap), isFault('upstream', 'unreachable'));
  });

  it('stops reading a reply beyond the cap, announced or not, packed or not', async () => {
    const fake = await service((seen, response) => {
      if (seen.url === '/announced') response.writeHead(200, { 'content-length': 5_000_000 }).write('x');
      else if (seen.url === '/bomb') {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_000_000)));
      } else {
        const pour = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', pour);
        pour();
      }
    });
    const egress = lenient();
    for (const path of ['/announced', '/bomb', '/endless']) {
      await assert.rejects(
        egress.exchange({ ...get, url: fake.url + path }, cap),
        isFault('upstream', 'reply_too_large'),
      );
    }
  });

  it('unpacks gzip', async () => {
    const fake = await service((_seen, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')),
    );
    assert.equal((await lenient().exchange({ ...get, url: fake.url }, cap)).body.toString(), 'hello');
    assert.equal(await (await lenient().fetch()(fake.url)).text(), 'hello');
  });

  it('ends with a timeout when the deadline passes and with cancelled when the caller leaves', async () => {
    const fake = await service((_seen, _response) => undefined);
    const egress = lenient();
    await assert.rejects(
      egress.exchange({ ...get, url: fake.url, signal: AbortSignal.timeout(50) }, cap),
      isFault('upstream', 'timeout'),
    );
    const leaving = new AbortController();
    const call = egress.exchange({ ...get, url: fake.url, signal: leaving.signal }, cap);
    setImmediate(() => leaving.abort());
    await assert.rejects(call, isFault('upstream', 'cancelled'));
    await assert.rejects(
      egress.exchange({ ...get, url: fake.url, headersTimeout: 100 }, cap),
      isFault('upstream', 'timeout'),
    );
  });

  it('takes a body in pieces and closes the connection when it has enough', async () => {
    let closed: () => void;
    const left = new Promise<void>((resolve) => (closed = resolve));
    const fake = await service((_seen, response) => {
      response.on('close', () => closed());
      response.write('one');
    });
    const pieces: string[] = [];
    await lenient().exchange(
      { ...get, url: fake.url },
      { ...cap, onHead: () => (chunk) => pieces.push(chunk.toString()) > 0 },
    );
    await left;
    assert.deepEqual(pieces, ['one']);
  });

  it('leaves an upstream alone after five failed connections, and comes back to it', async () => {
    const url = `http://127.0.0.1:${await closedPort()}/`;
    const egress = lenient();
    for (let i = 0; i < 5; i += 1) {
      await assert.rejects(egress.exchange({ ...get, url }, cap), isFault('upstream', 'unreachable'));
    }
    await assert.rejects(egress.exchange({ ...get, url }, cap), isFault('upstream', 'breaker_open'));

    let time = 0;
    const breaker = createBreaker(() => time);
    for (let i = 0; i < 20; i += 1) breaker.failed();
    assert.ok(breaker.wait() > 0 && breaker.wait() <= 10_000);
    time += 10_000;
    assert.equal(breaker.wait(), 0, 'one goes through');
    assert.ok(breaker.wait() > 0, 'the others wait for it');
    breaker.connected();
    assert.equal(breaker.wait(), 0);
  });

  it('is a fetch for libraries: bodies, headers, statuses and manual redirects', async () => {
    const fake = await service((seen, response) => {
      if (seen.url === '/moved') response.writeHead(302, { location: '/' }).end();
      else if (seen.url === '/none') response.writeHead(204).end();
      else sendJson(response, { method: seen.method, body: seen.body.toString() }, 201);
    });
    const guarded = lenient().fetch();
    const made = await guarded(`${fake.url}/`, { method: 'POST', body: 'b' });
    assert.equal(made.status, 201);
    assert.equal(made.url, `${fake.url}/`);
    assert.deepEqual(await made.json(), { method: 'POST', body: 'b' });
    assert.equal((await guarded(`${fake.url}/moved`, { redirect: 'manual' })).status, 302);
    assert.equal((await guarded(`${fake.url}/moved`)).status, 201);
    assert.equal((await guarded(`${fake.url}/none`)).status, 204);
    await assert.rejects(guarded('http://10.0.0.1/'), isFault('upstream', 'unreachable'));
  });
});

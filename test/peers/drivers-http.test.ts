import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AuthMethod, HttpBinding, HttpBody, HttpParameter } from '../../src/connectors/index.ts';
import { SealedValue } from '../../src/drivers/index.ts';
import type { Invocation } from '../../src/drivers/index.ts';
import type { Json } from '../../src/kernel/index.ts';
import { credentialOf, invocationOf, loopbackDrivers, openVault, targetOf } from '../fakes/drivers.ts';
import { isFault } from '../fakes/faults.ts';
import { httpService, sendJson } from '../fakes/http-service.ts';
import type { Answer, Fake, SeenRequest } from '../fakes/http-service.ts';

const open: { close(): Promise<void> }[] = [];
after(async () => {
  for (const one of open.toReversed()) await one.close();
});
const service = async (answer: Answer): Promise<Fake> => {
  const fake = await httpService(answer);
  open.push(fake);
  return fake;
};
const vault = openVault(
  {
    bearer: { token: 'the-bearer-token' },
    key: { api_key: 'the/api+key' },
    basic: { username: 'me@x.test', password: 'the-pass:word' },
    oauth: { access_token: 'the-access-token' },
    broken: { token: 'line\r\nx-evil: 1' },
  },
  {
    own: JSON.stringify({ query: { tenant: 'acme-inc' }, headers: { 'X-Own': 'own-header' } }),
    pin: 'sealed-pin',
  },
);
const loopback = loopbackDrivers({ unsealer: vault });
open.push(loopback);
const { drivers } = loopback;

const parameter = (
  name: string,
  place: HttpParameter['in'],
  more: Partial<HttpParameter> = {},
): HttpParameter => ({
  field: name,
  name,
  in: place,
  style: place === 'query' || place === 'cookie' ? 'form' : 'simple',
  explode: place === 'query' || place === 'cookie',
  allowReserved: false,
  contentType: null,
  ...more,
});
const binding = (
  path: string,
  parameters: HttpParameter[] = [],
  more: Partial<HttpBinding> = {},
): HttpBinding => ({
  kind: 'http',
  method: 'GET',
  path,
  server: null,
  parameters,
  body: null,
  ...more,
});
const bodyOf = (contentType: string, more: Partial<HttpBody> = {}): HttpBody => ({
  contentType,
  members: null,
  whole: null,
  encoding: {},
  ...more,
});
const invoke = (
  fake: Fake,
  bound: HttpBinding,
  args: Invocation['arguments'] = {},
  more: Partial<Invocation> = {},
) => drivers.invoke(invocationOf(targetOf(`${fake.url}/api`, 'http'), bound, { arguments: args, ...more }));

/** Sends one operation to a service that says `{}` and answers what the service saw. */
const sent = async (
  bound: HttpBinding,
  args: Invocation['arguments'],
  more: Partial<Invocation> = {},
): Promise<SeenRequest> => {
  const fake = await service((_seen, response) => sendJson(response, {}));
  await invoke(fake, bound, args, more);
  return fake.requests[0]!;
};

describe('an HTTP operation', () => {
  const list = ['a', 'b c'];
  const object = { R: 1, 'G&': 'x=y' };
  const queries: [string, Partial<HttpParameter>, Json, string][] = [
    ['a text', {}, 'a&b=c#d /?', '?q=a%26b%3Dc%23d%20%2F%3F'],
    ['a number and a boolean', {}, 5, '?q=5'],
    ['an exploded list', {}, list, '?q=a&q=b%20c'],
    ['a list in one', { explode: false }, list, '?q=a,b%20c'],
    ['a list with spaces', { style: 'spaceDelimited', explode: false }, list, '?q=a%20b%20c'],
    ['a list with pipes', { style: 'pipeDelimited', explode: false }, list, '?q=a%7Cb%20c'],
    ['an exploded object', {}, object, '?R=1&G%26=x%3Dy'],
    ['an object in one', { explode: false }, object, '?q=R,1,G%26,x%3Dy'],
    [
      'a deep object',
      { style: 'deepObject' },
      { a: { b: 1 }, c: ['x'] },
      '?q%5Ba%5D%5Bb%5D=1&q%5Bc%5D%5B0%5D=x',
    ],
    ['reserved characters', { allowReserved: true }, 'a/b?c:d&e=f#g', '?q=a/b?c:d%26e%3Df%23g'],
    ['JSON', { contentType: 'application/json' }, { a: 1 }, '?q=%7B%22a%22%3A1%7D'],
    ['nothing for null', {}, null, ''],
  ];
  for (const [what, how, value, expected] of queries) {
    it(`writes ${what} into the query`, async () =>
      assert.equal(
        (await sent(binding('/x', [parameter('q', 'query', how)]), { q: value })).url,
        `/api/x${expected}`,
      ));
  }

  const paths: [string, Partial<HttpParameter>, Json, string][] = [
    ['a text', {}, "a/b?c#d%2f e'", 'a%2Fb%3Fc%23d%252f%20e%27'],
    ['a list', {}, [1, 2], '1,2'],
    ['an object', {}, { a: 1 }, 'a,1'],
    ['an exploded object', { explode: true }, { a: 1 }, 'a=1'],
    ['a label', { style: 'label', explode: true }, [1, 2], '.1.2'],
    ['a matrix', { style: 'matrix', explode: true }, [1, 2], ';p=1;p=2'],
  ];
  for (const [what, how, value, expected] of paths) {
    it(`writes ${what} into the path`, async () =>
      assert.equal(
        (await sent(binding('/x/{p}/y', [parameter('p', 'path', how)]), { p: value })).url,
        `/api/x/${expected}/y`,
      ));
  }

  it('refuses path values that would be another address', async () => {
    const fake = await service((_seen, response) => sendJson(response, {}));
    for (const p of ['', '.', '..', '../admin', 'a/../../b', '..\\x', 'a\0b', 'a\r\nb', [], ['..']]) {
      await assert.rejects(
        invoke(fake, binding('/x/{p}', [parameter('p', 'path')]), { p }),
        isFault('invalid'),
        JSON.stringify(p),
      );
    }
    await assert.rejects(invoke(fake, binding('/x/{p}', [parameter('p', 'path')]), {}), isFault('invalid'));
    assert.equal(fake.requests.length, 0);
  });

  it('keeps a cookie parameter out of the query and writes headers in one line', async () => {
    const seen = await sent(binding('/x', [parameter('session', 'cookie'), parameter('X-List', 'header')]), {
      session: 'a; b=c',
      'X-List': [1, 'two'],
    });
    assert.equal(seen.url, '/api/x');
    assert.equal(seen.headers.cookie, 'session=a%3B%20b%3Dc');
    assert.equal(seen.headers['x-list'], '1,two');
  });

  it('refuses split headers and reserved header names', async () => {
    const fake = await service((_seen, response) => sendJson(response, {}));
    const cases: [string, string][] = [
      ['X-A', 'a\r\nX-Evil: 1'],
      ['X-A', 'snow ☃'],
      ['Host', 'evil.test'],
      ['Authorization', 'Bearer mine'],
      ['Content-Length', '5'],
      ['Transfer-Encoding', 'chunked'],
      ['X-Forwarded-For', '127.0.0.1'],
      ['Cookie', 'a=b'],
    ];
    for (const [name, value] of cases) {
      await assert.rejects(
        invoke(fake, binding('/x', [parameter(name, 'header')]), { [name]: value }),
        isFault('invalid'),
      );
    }
    assert.equal(fake.requests.length, 0);
  });

  it('does not let the keys of one parameter stand in for another', async () => {
    const fake = await service((_seen, response) => sendJson(response, {}));
    const bound = binding('/x', [parameter('filter', 'query'), parameter('account', 'query')]);
    await assert.rejects(
      invoke(fake, bound, { account: 'pinned', filter: { account: 'other' } }),
      isFault('invalid'),
    );
  });

  it('sends a JSON body of its members', async () => {
    const seen = await sent(
      binding('/x', [], {
        method: 'POST',
        body: bodyOf('application/json', { members: { body_id: 'id', n: 'n' } }),
      }),
      { body_id: 'a', n: { deep: [1] }, stray: 1 },
    );
    assert.equal(seen.headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(seen.body.toString()), { id: 'a', n: { deep: [1] } });
  });

  it('sends whole bodies: JSON, text and bytes', async () => {
    const post = (contentType: string, body: Json) =>
      sent(binding('/x', [], { method: 'PUT', body: bodyOf(contentType, { whole: 'body' }) }), { body });
    assert.equal((await post('application/json', [1, 2])).body.toString(), '[1,2]');
    assert.equal((await post('text/plain', 'hé')).body.toString(), 'hé');
    assert.deepEqual([...(await post('application/octet-stream', 'AAEC')).body], [0, 1, 2]);
    await assert.rejects(post('application/octet-stream', 'not base64!'), isFault('invalid'));
  });

  it('sends forms', async () => {
    const seen = await sent(
      binding('/x', [], {
        method: 'POST',
        body: bodyOf('application/x-www-form-urlencoded', {
          members: { name: 'name', tags: 'tags', meta: 'meta' },
          encoding: { meta: { contentType: null, style: 'deepObject', explode: true, binary: false } },
        }),
      }),
      { name: 'a b&c', tags: [1, 2], meta: { k: 'v' } },
    );
    assert.equal(seen.body.toString(), 'name=a+b%26c&tags=1&tags=2&meta%5Bk%5D=v');
  });

  it('sends multipart with files from base64', async () => {
    const seen = await sent(
      binding('/x', [], {
        method: 'POST',
        body: bodyOf('multipart/form-data', {
          members: { title: 'title', file: 'file"\r\nX: 1', info: 'info' },
          encoding: {
            'file"\r\nX: 1': { contentType: 'image/png', style: 'form', explode: true, binary: true },
          },
        }),
      }),
      { title: 'hé', file: 'AAEC', info: { a: 1 } },
    );
    const form = await new Response(new Uint8Array(seen.body), {
      headers: { 'content-type': seen.headers['content-type']! },
    }).formData();
    assert.equal(form.get('title'), 'hé');
    assert.equal(form.get('info') instanceof File || form.get('info') === '{"a":1}', true);
    const file = [...form.values()].find((one) => one instanceof File && one.type === 'image/png') as File;
    assert.deepEqual([...new Uint8Array(await file.arrayBuffer())], [0, 1, 2]);
  });

  it('puts sealed values in and takes them out of the reply', async () => {
    const fake = await service((seen, response) =>
      sendJson(response, {
        url: seen.url,
        body: seen.body.toString(),
        'sealed-pin': [seen.headers['x-pin']],
      }),
    );
    const sealed = new SealedValue('pin');
    const bound = binding(
      '/x/{p}',
      [parameter('p', 'path'), parameter('q', 'query'), parameter('X-Pin', 'header')],
      {
        method: 'POST',
        body: bodyOf('application/json', { members: { deep: 'deep' } }),
      },
    );
    const reply = await invoke(fake, bound, {
      p: sealed,
      q: sealed,
      'X-Pin': sealed,
      deep: { a: [sealed] },
    } as never);
    assert.equal(fake.requests[0]!.url, '/api/x/sealed-pin?q=sealed-pin');
    assert.equal(fake.requests[0]!.body.toString(), '{"deep":{"a":["sealed-pin"]}}');
    assert.doesNotMatch(JSON.stringify(reply), /sealed-pin/);
  });

  it('stays at its origin with a credential, and may leave it without one', async () => {
    const other = await service((_seen, response) => sendJson(response, { other: true }));
    const fake = await service((_seen, response) => sendJson(response, { other: false }));
    const elsewhere = binding('/x', [], { server: `${other.url}/v2` });
    const credential = credentialOf(fake.url, { type: 'bearer' }, 'bearer');
    await assert.rejects(
      invoke(fake, elsewhere, {}, { credential }),
      isFault('upstream', 'credential_origin'),
    );
    assert.deepEqual((await invoke(fake, elsewhere)).value, { other: true });
    assert.equal(other.requests[0]!.url, '/v2/x');
    for (const path of ['//evil.test/x', '/\\evil.test/x', '/../../x', '@evil.test/']) {
      assert.deepEqual((await invoke(fake, binding(path), {}, { credential })).value, { other: false }, path);
    }
  });
});

describe('a signed request', () => {
  const signedBy = async (id: string, method: AuthMethod, args: Invocation['arguments'] = {}) => {
    const fake = await service((seen, response) => sendJson(response, { ...seen.headers, url: seen.url }));
    const credential = credentialOf(fake.url, method, id);
    const bound = binding('/x', [
      parameter('api_key', 'query'),
      parameter('sid', 'cookie'),
      parameter('X-Key', 'header'),
    ]);
    const reply = await invoke(fake, bound, args, { credential });
    return { seen: fake.requests[0]!, reply: JSON.stringify(reply) };
  };

  it('carries a bearer token, an access token and a basic pair', async () => {
    const bearer = await signedBy('bearer', { type: 'bearer' });
    assert.equal(bearer.seen.headers.authorization, 'Bearer the-bearer-token');
    assert.doesNotMatch(bearer.reply, /the-bearer-token/);
    const oauth = await signedBy('oauth', { type: 'mcp_oauth' });
    assert.equal(oauth.seen.headers.authorization, 'Bearer the-access-token');
    const basic = await signedBy('basic', { type: 'basic' });
    const pair = Buffer.from('me@x.test:the-pass:word').toString('base64');
    assert.equal(basic.seen.headers.authorization, `Basic ${pair}`);
    assert.ok(!basic.reply.includes(pair));
  });

  it('carries an API key in header, query or cookie, over whatever an argument put there', async () => {
    const args = { api_key: 'mine', sid: 'mine', 'X-Key': 'mine' };
    const header = await signedBy(
      'key',
      { type: 'api_key', in: 'header', name: 'X-Key', prefix: 'Token ' },
      args,
    );
    assert.equal(header.seen.headers['x-key'], 'Token the/api+key');
    const query = await signedBy('key', { type: 'api_key', in: 'query', name: 'api_key' }, args);
    assert.equal(query.seen.url, '/api/x?api_key=the%2Fapi%2Bkey');
    assert.doesNotMatch(query.reply, /the(?:\/|%2F)api/);
    const cookie = await signedBy('key', { type: 'api_key', in: 'cookie', name: 'sid' }, args);
    assert.equal(cookie.seen.headers.cookie, 'sid=the/api+key');
  });

  it('carries what the connection itself sealed', async () => {
    const fake = await service((_seen, response) => sendJson(response, {}));
    const target = targetOf(`${fake.url}/api`, 'http', { sealedSecretId: 'own' });
    const bound = binding('/x', [parameter('tenant', 'query')]);
    await drivers.invoke(invocationOf(target, bound, { arguments: { tenant: 'other' } }));
    assert.equal(fake.requests[0]!.url, '/api/x?tenant=acme-inc');
    assert.equal(fake.requests[0]!.headers['x-own'], 'own-header');
  });

  it('is not sent with a credential that cannot be used', async () => {
    const fake = await service((_seen, response) => sendJson(response, {}));
    for (const id of ['broken', 'absent', 'key']) {
      const credential = credentialOf(fake.url, { type: 'bearer' }, id);
      await assert.rejects(
        invoke(fake, binding('/x'), {}, { credential }),
        isFault('upstream', 'credential_unreadable'),
      );
    }
    assert.equal(fake.requests.length, 0);
  });

  it('loses its credential where a redirect leaves the origin', async () => {
    const other = await service((seen, response) => sendJson(response, seen.headers));
    const fake = await service((_seen, response) => response.writeHead(302, { location: other.url }).end());
    const target = targetOf(fake.url, 'http', { sealedSecretId: 'own' });
    const credential = credentialOf(fake.url, { type: 'api_key', in: 'header', name: 'X-Key' }, 'key');
    await drivers.invoke(invocationOf(target, binding('/x'), { credential }));
    assert.equal(other.requests[0]!.headers['x-key'], undefined);
    assert.equal(other.requests[0]!.headers['x-own'], undefined);
  });
});

describe('an HTTP reply', () => {
  const answered = async (status: number, type: string | null, body: string | Buffer, headers = {}) => {
    const fake = await service((_seen, response) =>
      response
        .writeHead(status, { ...(type === null ? {} : { 'content-type': type }), ...headers })
        .end(body),
    );
    return invoke(fake, binding('/x', [], { method: 'POST' }));
  };

  it('is a value where it is JSON, a text where it is text, and a note where it is bytes', async () => {
    assert.deepEqual(await answered(200, 'application/problem+json; charset=utf-8', '{"a":1}'), {
      isError: false,
      status: 200,
      value: { a: 1 },
      content: [],
      bytes: 7,
    });
    assert.deepEqual((await answered(200, 'text/plain', 'hello')).content, [{ type: 'text', text: 'hello' }]);
    assert.deepEqual((await answered(200, 'text/plain; charset=iso-8859-1', Buffer.from([0xe9]))).content, [
      { type: 'text', text: 'é' },
    ]);
    assert.match(JSON.stringify((await answered(200, 'image/png', 'xxxx')).content), /4 bytes of image\/png/);
    assert.deepEqual((await answered(204, null, '')).content, []);
    const packed = await answered(200, 'application/json', gzipSync('{"a":1}'), {
      'content-encoding': 'gzip',
    });
    assert.deepEqual(packed.value, { a: 1 });
  });

  it('is an error with its value from 300 on', async () => {
    const reply = await answered(404, 'application/json', '{"message":"no"}');
    assert.deepEqual([reply.isError, reply.status, reply.value], [true, 404, { message: 'no' }]);
    assert.equal((await answered(302, 'text/plain', 'moved')).isError, true);
    assert.equal((await answered(500, 'application/json', '<html>')).isError, true);
  });

  it('is refused when it says JSON and is none', async () => {
    await assert.rejects(answered(200, 'application/json', '{"a":'), isFault('upstream', 'bad_reply'));
  });
});

describe('a failing HTTP service', () => {
  const failing = async (status: number, times: number, headers = {}) => {
    let asked = 0;
    const fake = await service((_seen, response) => {
      asked += 1;
      if (asked <= times) response.writeHead(status, headers).end();
      else sendJson(response, { ok: true });
    });
    return fake;
  };

  it('is asked at most twice more for a read', async () => {
    for (const status of [502, 503, 504]) {
      const once = await failing(status, 1);
      assert.deepEqual((await invoke(once, binding('/x'))).value, { ok: true });
      const always = await failing(status, 9);
      assert.equal((await invoke(always, binding('/x'))).status, status);
      assert.equal(always.requests.length, 3);
    }
  });

  it('is never asked again for a write, unless that does no harm', async () => {
    const write = await failing(503, 1);
    assert.equal((await invoke(write, binding('/x', [], { method: 'POST' }))).status, 503);
    assert.equal(write.requests.length, 1);
    const put = await failing(503, 1);
    const reply = await invoke(put, binding('/x', [], { method: 'PUT' }), {}, { idempotent: true });
    assert.deepEqual(reply.value, { ok: true });
    const reset = await service((_seen, _response, request) => request.socket.destroy());
    await assert.rejects(
      invoke(reset, binding('/x', [], { method: 'POST' })),
      isFault('upstream', 'unreachable'),
    );
    assert.equal(reset.requests.length, 1);
  });

  it('is asked again after 429 only where it names a short pause', async () => {
    const short = await failing(429, 1, { 'retry-after': '1' });
    assert.deepEqual((await invoke(short, binding('/x'))).value, { ok: true });
    for (const headers of [{}, { 'retry-after': '60' }]) {
      const long = await failing(429, 1, headers);
      assert.equal((await invoke(long, binding('/x'))).status, 429);
      assert.equal(long.requests.length, 1);
    }
  });

  it('is asked again after a reset for a read', async () => {
    let asked = 0;
    const fake = await service((_seen, response, request) => {
      asked += 1;
      if (asked === 1) request.socket.destroy();
      else sendJson(response, { ok: true });
    });
    assert.deepEqual((await invoke(fake, binding('/x'))).value, { ok: true });
  });

  it('gets no second wave when everything fails', async () => {
    const fake = await failing(503, 10_000);
    for (let i = 0; i < 8; i += 1) {
      await Promise.all(Array.from({ length: 10 }, () => invoke(fake, binding('/x'))));
    }
    assert.ok(fake.requests.length <= 80 + 20 + 8 + 1, String(fake.requests.length));
  });

  it('is left when the deadline passes between two tries', async () => {
    const fake = await failing(503, 9, { 'retry-after': '2' });
    await assert.rejects(
      invoke(fake, binding('/x'), {}, { signal: AbortSignal.timeout(150) }),
      isFault('upstream', 'timeout'),
    );
    assert.equal(fake.requests.length, 1);
  });
});

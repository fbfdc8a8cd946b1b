import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fake } from '../fakes/http-service.ts';
import { createPerson } from '../fakes/person.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { createVisitor, type Seen, type Visitor } from '../visitor.ts';
import { startWorld, type World } from '../world.ts';
import {
  addConnector,
  keyConnector,
  keys,
  oauthConnector,
  openAccounts,
  openDesk,
  type Desk,
} from './connect-desk.ts';

let world: World;
let service: Fake;
let desk: Desk;
let connectionId: string;
let now = new Date();
before(async () => {
  world = await startWorld({ clock: { now: () => now } });
  service = await openAccounts();
  addConnector(world, keyConnector('ledger', service.url));
  addConnector(
    world,
    keyConnector('gate', service.url, { name: 'Gate', auth: [{ type: 'basic' }], identity: undefined }),
  );
  desk = await openDesk(world);
  connectionId = await desk.connect('ledger');
});
after(async () => {
  await world.close();
  await service.close();
});

const visitor = (): Visitor => createVisitor(world.url);
const later = (minutes: number): void => void (now = new Date(now.getTime() + minutes * 60_000));
/** A link, opened in a browser of its own. */
async function opened(
  wish: Parameters<Desk['link']>[1] = {},
): Promise<{ path: string; person: Visitor; page: Seen }> {
  const path = await desk.link(connectionId, wish);
  const person = visitor();
  return { path, person, page: await person.open(path) };
}
/** The text without markup, in one line. */
const read = ({ text }: Seen): string =>
  text.replace(/<style>.*?<\/style>|<[^>]+>/gs, ' ').replace(/\s+/g, ' ');
const give = (person: Visitor, path: string, key: string) =>
  person.post(path, { step: 'fields', field_api_key: key });
const answer = async (person: Visitor, path: string, more: Record<string, string>) => {
  const page = await person.get(path);
  const account = /name="account" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
  return person.post(path, { step: 'confirm', account, ...more });
};
/** The whole way with a key: a yes where one is asked for. */
async function finish(person: Visitor, path: string, key: string): Promise<Seen> {
  const page = await onward(person, await give(person, path, key));
  if (!page.text.includes('value="confirm"')) return page;
  return onward(person, await answer(person, path, { answer: 'yes', replace: 'yes' }));
}
/** Goes where a form was answered to. */
async function onward(person: Visitor, seen: Seen): Promise<Seen> {
  assert.equal(seen.status, 303, seen.text);
  return person.get(seen.headers.location!);
}
const withoutId = ({ status, headers, text }: Seen) => {
  const { 'x-request-id': _id, date: _date, vary: _vary, ...rest } = headers;
  return { status, text, rest };
};

describe('the page of a link', () => {
  it('says which service, for whom, which organization asks, which account is connected and when the link runs out', async () => {
    const { page } = await opened();
    assert.equal(page.status, 200);
    const text = read(page);
    assert.match(text, /Connect your Ledger account/);
    assert.match(text, new RegExp(`Asked for by ${desk.organization.name} `));
    assert.match(text, /Used for Ada Lovelace alone/);
    assert.ok(text.includes(`Sent to ${service.url} and nowhere else`), text);
    assert.match(text, /Connected now no known account/);
    assert.match(text, /Link runs out in 30 minutes, \d\d:\d\d UTC/);
  });

  it('says so where everybody of the organization will use the account', async () => {
    const { page } = await opened({ owner: { type: 'organization', id: desk.organization.id } });
    assert.match(read(page), new RegExp(`Used for everybody and every agent of ${desk.organization.name} `));
  });

  it('is plain HTML that needs no script and loads nothing', async () => {
    const { page, person } = await opened();
    const dead = await person.get('/connect/x');
    for (const { text, headers } of [page, dead]) {
      assert.match(headers['content-type']!, /^text\/html; charset=utf-8$/);
      assert.match(text, /^<!doctype html>\s*<html lang="en">/);
      assert.equal(text.match(/<h1>/g)?.length, 1);
      assert.doesNotMatch(text, /<script|<img|<link|<iframe|javascript:|\son[a-z]+=|\sstyle=|@import|url\(/i);
      assert.match(
        String(headers['content-security-policy']),
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
      );
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['x-robots-tag'], 'noindex, nofollow');
      assert.equal(headers['x-frame-options'], 'DENY');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      // `no-referrer` would turn the Origin of its own form into `null`.
      assert.equal(headers['referrer-policy'], 'same-origin');
    }
  });

  it('shows what others have named as text, never as markup', async () => {
    const named = await openDesk(
      world,
      `<script>alert("u")</script>' onfocus=x \u202e\u0000`.replace('\u0000', ''),
    );
    const id = await named.connect('ledger', `"><script>alert('n')</script>&amp;`);
    const person = visitor();
    const page = await person.open(await named.link(id));
    assert.equal(page.status, 200);
    assert.doesNotMatch(page.text, /<script|<\/script|\u202e/);
    assert.match(page.text, /&quot;&gt;&lt;script&gt;alert\(&#39;n&#39;\)&lt;\/script&gt;&amp;amp;/);
    assert.match(page.text, /&lt;script&gt;alert\(&quot;u&quot;\)&lt;\/script&gt;&#39; onfocus=x/);
  });
});

describe('a link', () => {
  it('is bound to the browser that opened it first', async () => {
    const { path, person } = await opened();
    const other = visitor();
    assert.equal((await other.open(path)).status, 404);
    const gone = await give(other, path, keys.ada);
    assert.equal(gone.status, 404);
    assert.equal((await person.get(path)).status, 200);
    const copied = visitor();
    assert.equal((await copied.get(path)).headers['set-cookie']?.length, 1, 'a browser of its own');
  });

  it('is known again by a cookie that no script and no other site’s form can use', async () => {
    const path = await desk.link(connectionId);
    const [cookie] = (await visitor().get(path)).headers['set-cookie']!;
    assert.match(cookie!, /^toolcrib_browser=[\w-]{43}; Path=\/connect; HttpOnly; SameSite=Lax$/);
  });

  it('is not bound by what looks at it without opening it', async () => {
    const path = await desk.link(connectionId);
    const known = visitor();
    await known.open(await desk.link(connectionId));
    const looks: readonly Record<string, string>[] = [
      { 'sec-purpose': 'prefetch' },
      { 'sec-purpose': 'prefetch;prerender' },
      { purpose: 'prefetch' },
      { 'x-moz': 'prefetch' },
      { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
      { 'sec-fetch-dest': 'iframe' },
    ];
    for (const headers of looks) {
      for (const each of [known, visitor()]) {
        const seen = await each.get(path, headers);
        assert.match(read(seen), /Open this link in a browser/, JSON.stringify(headers));
        assert.equal(seen.headers['set-cookie'], undefined);
      }
    }
    for (const each of [known, visitor()]) {
      const head = await each.request('HEAD', path);
      assert.deepEqual([head.status, head.text, head.headers['set-cookie']], [200, '', undefined]);
    }
    // A program that fetches a link to draw a preview of it keeps no cookie; with a redirect it would follow.
    const preview = await visitor().request('GET', path);
    assert.equal(preview.status, 200);
    assert.doesNotMatch(preview.text, /Ledger|Ada/);
    const again = await visitor().request('GET', `${path}?opened`);
    assert.match(read(again), /Cookies are needed.*Nothing has been used up/);
    assert.equal((await visitor().open(path)).status, 200, 'still anybody’s');
  });

  it('that is unknown, misspelt, used, run out or another browser’s is answered by one same 404', async () => {
    const person = visitor();
    const used = await desk.link(connectionId);
    await person.open(used);
    await finish(person, used, keys.ada);
    person.cookies.delete('toolcrib_result');
    const foreign = (await opened()).path;
    const old = await desk.link(connectionId);
    await person.open(old);
    later(31);
    const paths = [
      used,
      foreign,
      old,
      `/connect/${'A'.repeat(43)}`,
      '/connect/short',
      '/connect/%2e%2e',
      '/connect/callback?code=x&state=y',
      '/connect/callback',
      '/connect/',
      '/connect',
      `${used}/`,
      `${used}/go`,
      `/connect/${'A'.repeat(43)}%00`,
    ];
    const first = withoutId(await person.get(paths[0]!));
    assert.equal(first.status, 404);
    for (const path of paths) assert.deepEqual(withoutId(await person.get(path)), first, path);
    for (const path of [used, foreign, old, `/connect/${'A'.repeat(43)}`]) {
      const steps: readonly Record<string, string>[] = [
        { step: 'fields', field_api_key: keys.ada },
        { step: 'begin' },
        { step: 'confirm', answer: 'yes' },
        { step: 'confirm', answer: 'no' },
      ];
      for (const step of steps) {
        assert.deepEqual(withoutId(await person.post(path, step)), first, `${path} ${step.step}`);
      }
    }
  });

  it('has the methods it says, and no other', async () => {
    const { path, person } = await opened();
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
      const refused = await person.request(method, path);
      assert.deepEqual([refused.status, refused.headers.allow], [405, 'GET, HEAD, POST'], method);
    }
    assert.equal((await person.request('POST', '/connect/callback')).headers.allow, 'GET, HEAD');
  });
});

describe('a form', () => {
  it('is taken from our own page alone', async () => {
    const { path, person } = await opened();
    const form = { step: 'fields', field_api_key: keys.ada };
    const others: readonly Record<string, string | null>[] = [
      { origin: null },
      { origin: null, 'sec-fetch-site': null },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      // The door admits other spellings of loopback; the cookie of one is not the other's.
      { origin: `http://localhost:${world.port}` },
    ];
    for (const headers of others) {
      const refused = await person.post(path, form, headers);
      assert.equal(refused.status, 403, JSON.stringify(headers));
    }
    for (const origin of ['null', 'https://evil.example']) {
      assert.equal((await person.post(path, form, { origin })).status, 403, origin);
    }
    const without = visitor();
    assert.equal((await without.post(path, form)).status, 404, 'without the cookie');
    assert.match((await person.get(path)).text, /name="field_api_key"/);
  });

  it('is what a browser sends, at most 64 KiB of it', async () => {
    const { path, person } = await opened();
    const status = async (body: string, headers = {}) => (await person.post(path, body, headers)).status;
    assert.equal(await status('{}', { 'content-type': 'application/json' }), 415);
    assert.equal(await status('step=begin', { 'content-type': 'multipart/form-data; boundary=x' }), 415);
    assert.equal(await status('step=begin', { 'content-encoding': 'gzip' }), 415);
    assert.equal(await status(`step=fields&field_api_key=${'x'.repeat(65 * 1024)}`), 413);
    assert.equal(await status('step=fields&step=begin'), 400);
    assert.equal(await status('step=other'), 400);
    assert.equal(await status(''), 400);
    assert.equal(await status('step=fields&field_token=x'), 400);
    assert.equal(await status('step=fields&owner=x'), 400);
    assert.equal(await status('step=confirm'), 400);
    const raw = await person.request(
      'POST',
      path,
      { origin: world.url, 'content-type': 'application/x-www-form-urlencoded' },
      Buffer.from([0x61, 0x3d, 0xff]),
    );
    assert.ok([400, 415].includes(raw.status), String(raw.status));
  });

  it('says at the field what is missing, and to a reader of the screen too', async () => {
    const { path, person } = await opened();
    const wrong = await give(person, path, '');
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /<title>Error: /);
    assert.match(wrong.text, /role="alert"/);
    assert.match(wrong.text, /aria-describedby="field_api_key_wrong"\s+aria-invalid="true"/);
    assert.match(wrong.text, /<p class="wrong" id="field_api_key_wrong">[^<]+ is needed\.<\/p>/);
  });

  it('is never filled again with a secret, nor is what was sent said back', async () => {
    const id = await desk.connect('gate');
    const path = await desk.link(id);
    const person = visitor();
    await person.open(path);
    const wrong = await person.post(path, { step: 'fields', field_username: 'ada', field_password: '' });
    assert.equal(wrong.status, 422);
    assert.match(wrong.text, /name="field_username"[^>]*value="ada"/s);
    const other = await person.post(path, {
      step: 'fields',
      field_username: '',
      field_password: 'hunter-22',
    });
    assert.equal(other.status, 422);
    assert.doesNotMatch(other.text, /hunter-22/);
    const refused = await give((await opened()).person, path, 'x');
    assert.doesNotMatch(refused.text, /hunter/);
    for (const line of world.logged) assert.doesNotMatch(line, /hunter-22/);
  });

  it('is taken thirty times a minute at most', async () => {
    const { path, person } = await opened();
    for (let count = 0; count < 30; count += 1) assert.equal((await give(person, path, '')).status, 422);
    const asked = service.requests.length;
    const late = await give(person, path, keys.ada);
    assert.equal(late.status, 429);
    assert.match(late.headers['retry-after']!, /^[1-9]\d?$/);
    assert.match(late.headers['content-type']!, /^text\/html/);
    assert.equal(service.requests.length, asked);
    later(1);
    assert.equal((await give(person, path, '')).status, 422);
  });

  it('that the service refuses is said on the page, with nothing stored', async () => {
    const { path, person } = await opened();
    const first = await give(person, path, 'key-that-nobody-has');
    const page = first.status === 303 ? await onward(person, first) : first;
    assert.match(read(page), /refused it/);
    assert.match(page.text, /role="alert"/);
    assert.doesNotMatch(page.text, /key-that-nobody-has/);
    assert.match(page.text, /name="field_api_key"/, 'and may be tried again');
  });
});

describe('the yes', () => {
  it('comes after the account was shown; nothing is stored before it', async () => {
    const own = await openDesk(world);
    const path = await own.link(await own.connect('ledger'));
    const person = visitor();
    await person.open(path);
    const page = await onward(person, await give(person, path, keys.ada));
    assert.match(read(page), /Is this the right account\?.*Account found ada@example\.com/);
    assert.deepEqual(await own.connected(), []);
    const done = await onward(person, await answer(person, path, { answer: 'yes' }));
    assert.match(
      read(done),
      /Connected The account ada@example\.com is connected\. You can close this page\./,
    );
    assert.deepEqual(await own.connected(), ['ledger']);
    assert.equal((await person.get(path)).text, done.text, 'loading it again repeats nothing');
    assert.equal((await visitor().open(path)).status, 404);
  });

  it('may be a no: nothing is stored', async () => {
    const own = await openDesk(world);
    const path = await own.link(await own.connect('ledger'));
    const person = visitor();
    await person.open(path);
    await give(person, path, keys.ada);
    const page = await onward(person, await answer(person, path, { answer: 'no' }));
    assert.doesNotMatch(read(page), /is connected/);
    assert.deepEqual(await own.connected(), []);
  });

  it('to another account than before has to be said in so many words', async () => {
    const own = await openDesk(world);
    const id = await own.connect('ledger');
    const arrive = async () => {
      const path = await own.link(id);
      const person = visitor();
      await person.open(path);
      return { path, person };
    };
    const first = await arrive();
    await finish(first.person, first.path, keys.ada);
    const again = await arrive();
    const same = await onward(again.person, await give(again.person, again.path, keys.ada));
    assert.match(read(same), /ada@example\.com is connected/, 'the same again needs no yes');
    const { person, path } = await arrive();
    const page = await onward(person, await give(person, path, keys.grace));
    assert.match(read(page), /This is a different account\. Until now it was ada@example\.com/);
    assert.match(page.text, /type="checkbox" name="replace" value="yes" required/);
    const said = await answer(person, path, { answer: 'yes' });
    assert.equal(said.status, 422);
    assert.match(said.text, /aria-invalid="true" aria-describedby="replace_wrong"/);
    const done = await onward(person, await answer(person, path, { answer: 'yes', replace: 'yes' }));
    assert.match(read(done), /grace@example\.com is connected/);
  });

  it('counts for the account that was shown and for no other', async () => {
    const own = await openDesk(world);
    const path = await own.link(await own.connect('ledger'));
    const person = visitor();
    await person.open(path);
    await give(person, path, keys.grace);
    const page = await person.get(path);
    const account = /name="account" value="([^"]*)"/.exec(page.text)![1]!;
    await give(person, path, keys.ada);
    const stale = await person.post(path, { step: 'confirm', account, answer: 'yes', replace: 'yes' });
    assert.match(read(await onward(person, stale)), /Account found ada@example\.com/);
  });

  it('leads back to the callback address, which the page goes to by itself', async () => {
    const own = await openDesk(world);
    const { key, id: organizationId } = own.organization;
    const callback = 'https://desk.example/after?x=1';
    const set = await world.ask('PATCH', `/v1/orgs/${organizationId}`, {
      key,
      body: { callback_urls: [callback] },
    });
    assert.equal(set.status, 200, set.text);
    const path = await own.link(await own.connect('ledger'), { callbackUrl: callback, state: '"><b>s' });
    const person = visitor();
    await person.open(path);
    await give(person, path, keys.ada);
    const done = await onward(person, await answer(person, path, { answer: 'yes' }));
    const refresh = /http-equiv="refresh" content="0; url=([^"]+)"/
      .exec(done.text)![1]!
      .replaceAll('&amp;', '&');
    const to = new URL(refresh);
    assert.equal(to.origin + to.pathname, 'https://desk.example/after');
    assert.equal(to.searchParams.get('state'), '"><b>s');
    assert.match(read(done), /Back to desk\.example/);
  });
});

describe('what a browser keeps of how it ended', () => {
  it('is signed: a made-up one is nothing', async () => {
    const { path, person } = await opened();
    const text = Buffer.from(
      JSON.stringify({ kind: 'done', account: 'evil', redirectTo: 'https://evil.example', held: [] }),
    ).toString('base64url');
    for (const value of [text, `${text}.`, `${text}.AAAA`, `${text}.${'A'.repeat(43)}`, 'x.y.z', '%']) {
      person.cookies.set('toolcrib_result', value);
      const page = await person.get(path);
      assert.match(read(page), /Connect your Ledger account/, value);
      assert.doesNotMatch(page.text, /evil/);
    }
  });

  it('is for that link alone', async () => {
    const { path, person } = await opened();
    await finish(person, path, keys.ada);
    const other = await desk.link(connectionId);
    assert.match(read(await person.get(other)), /Connect your Ledger account/);
    assert.match(read(await person.get(path)), /is connected/);
  });
});

describe('the way over the service', () => {
  let server: RotatingServer;
  before(async () => {
    server = await startRotatingServer();
    const auth = {
      type: 'oauth2',
      authorization_url: `${server.url}/authorize`,
      token_url: `${server.url}/token`,
      scopes: ['read', 'write'],
      pkce: true,
      client_auth: 'client_secret_basic',
      rotation: true,
      margin_seconds: 60,
    };
    addConnector(world, oauthConnector('harbour', server.url, { auth: [auth] }));
    await desk.app('harbour', 'toolcrib', 'toolcrib-secret');
  });
  after(() => server.close());

  /** A link to the service, opened; `leave` sends the form and answers where the page goes on to. */
  async function outward(own = desk) {
    const path = await own.link(await own.connect('harbour'));
    const person = visitor();
    const page = await person.open(path);
    const leave = async () => {
      const left = await person.post(path, { step: 'begin' });
      assert.equal(left.status, 200, left.text);
      const to = /http-equiv="refresh" content="0; url=([^"]+)"/
        .exec(left.text)![1]!
        .replaceAll('&amp;', '&');
      return { left, to: new URL(to) };
    };
    const returned = async (options = {}) => {
      const { to } = await leave();
      const back = await createPerson().approve(to, options);
      return back.pathname + back.search;
    };
    return { path, person, page, leave, returned };
  }

  it('begins with what will be asked for, in plain words, and one button', async () => {
    const { page } = await outward();
    const text = read(page);
    assert.match(text, /What is asked for Read what you can read read Change what you can change write/);
    assert.match(text, /Continue to Harbour/);
    assert.doesNotMatch(page.text, /type="(password|text)"/);
  });

  it('leaves by a page, since Chromium holds redirects after a form to what forms may reach', async () => {
    const { left, to } = await (await outward()).leave();
    assert.equal(to.origin, server.url);
    assert.equal(to.searchParams.get('redirect_uri'), `${world.url}/connect/callback`);
    assert.equal(left.headers.location, undefined);
    assert.match(read(left), new RegExp(`You are being taken to ${to.host} ?\\.`));
    assert.match(left.text, new RegExp(`<a class="button" href="${server.url}/authorize`));
  });

  it('comes back to the page of the link: no code stays in the address, and loading again repeats nothing', async () => {
    const { path, person, returned } = await outward();
    const callback = await returned();
    assert.match(callback, /^\/connect\/callback\?.*code=/);
    const first = await person.get(callback);
    assert.deepEqual([first.status, first.headers.location, first.text], [303, path, '']);
    assert.match(read(await person.get(path)), /Account found account-1@example\.com/);
    const exchanges = server.counts.token;
    assert.equal((await person.get(callback)).status, 404, 'a state is used once');
    assert.equal(server.counts.token, exchanges);
    const done = await onward(person, await answer(person, path, { answer: 'yes' }));
    assert.match(read(done), /account-1@example\.com is connected/);
  });

  it('is taken from the browser that was sent out, and from no other', async () => {
    for (const other of ['cookieless', 'foreign'] as const) {
      const { path, person, returned } = await outward();
      const callback = await returned();
      const stranger = visitor();
      if (other === 'foreign') await stranger.open(await desk.link(connectionId));
      const exchanges = server.counts.token;
      assert.equal((await stranger.get(callback)).status, 404);
      assert.equal(server.counts.token, exchanges, 'no code is traded for somebody else');
      assert.match(read(await person.get(path)), /Continue to Harbour/);
    }
  });

  it('is not taken from what only looks at the address', async () => {
    const { path, person, returned } = await outward();
    const callback = await returned();
    const head = await person.request('HEAD', callback);
    assert.deepEqual([head.status, head.text], [200, '']);
    assert.match(
      read(await person.get(callback, { 'sec-purpose': 'prefetch' })),
      /Open this link in a browser/,
    );
    assert.equal((await person.get(callback)).headers.location, path, 'and is still good');
  });

  it('that ends in a no is said on the page, and may be tried again', async () => {
    const { path, person, leave } = await outward();
    server.denies = true;
    const { to } = await leave();
    const back = await server.authorize(to);
    server.denies = false;
    const page = await onward(person, await person.get(back.pathname + back.search));
    assert.match(page.text, /role="alert"/);
    assert.match(read(page), /Access was not given at the service/);
    assert.match(read(page), /Continue to Harbour/);
    assert.doesNotMatch(read(await person.get(path)), /Access was not given/, 'said once');
  });

  it('shows what a service says of its failure as text', async () => {
    const { person, leave } = await outward();
    const { to } = await leave();
    const state = to.searchParams.get('state')!;
    const iss = encodeURIComponent(server.issuer);
    const lie = `/connect/callback?error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&state=${state}&iss=${iss}`;
    const page = await onward(person, await person.get(lie));
    assert.doesNotMatch(page.text, /<script/);
  });

  it('needs the organization’s own app where the service wants one, and shows the exact redirect address', async () => {
    const bare = await openDesk(world);
    const { page, person, path } = await outward(bare);
    assert.match(read(page), /has not registered one/);
    assert.ok(page.text.includes(`<code>${world.url}/connect/callback</code>`));
    assert.doesNotMatch(page.text, /<form/);
    const tried = await person.post(path, { step: 'begin' });
    assert.equal(tried.status, 409);
    assert.match(read(tried), /has not registered one/);
  });
});

describe('the client id metadata document', () => {
  it('says who we are at its own address, without a key', async () => {
    const { json, headers, status } = await world.ask('GET', '/connect/client-metadata.json', { key: '' });
    assert.equal(status, 200);
    assert.match(headers.get('content-type')!, /^application\/json/);
    assert.equal(json.client_id, `${world.url}/connect/client-metadata.json`);
    assert.deepEqual(json.redirect_uris, [`${world.url}/connect/answer`]);
    assert.equal(json.client_name, 'Toolcrib');
    assert.equal(json.token_endpoint_auth_method, 'none');
    assert.deepEqual(json.grant_types, ['authorization_code', 'refresh_token']);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  addConnector,
  keyConnector,
  oauthConnector,
  openDesk,
  type Desk,
} from '../contracts/connect-desk.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { createVisitor, type Seen, type Visitor } from '../visitor.ts';
import { startWorld, type World } from '../world.ts';

// The pages of the connect flow, over HTTP, against services that lie and people who send what no browser would.

const markup = `"><script>alert('x')</script><b a='`;
const odd = `${markup}\u202e\u061c`;

let world: World;
let service: Fake;
let server: RotatingServer;
let desk: Desk;
before(async () => {
  world = await startWorld();
  server = await startRotatingServer();
  // Whoever asks is somebody, under a name made to be run.
  service = await httpService((_, response) => sendJson(response, { id: odd, email: `${odd}\u0000` }));
  const fields = { api_key: { label: `Key ${odd}`, description: `Said ${odd}` } };
  const auth = [{ type: 'api_key', in: 'header', name: 'X-Api-Key', fields }];
  addConnector(world, keyConnector('liar', service.url, { name: `Liar ${odd}`, auth }));
  addConnector(world, oauthConnector('harbour', server.url, { auth: [oauth()] }));
  const scope = 'a<script>b';
  const lying = { ...oauth(), scopes: ['read', scope], scope_meanings: { read: `Read ${odd}` } };
  addConnector(world, oauthConnector('scoped', server.url, { auth: [lying] }));
  desk = await openDesk(world);
  await desk.app('harbour', 'toolcrib', 'toolcrib-secret');
  await desk.app('scoped', 'toolcrib', 'toolcrib-secret');
});
after(async () => {
  await world.close();
  await server.close();
  await service.close();
});

const oauth = () => ({
  type: 'oauth2',
  authorization_url: `${server.url}/authorize`,
  token_url: `${server.url}/token`,
  scopes: ['read'],
  pkce: true,
  client_auth: 'client_secret_basic',
  rotation: true,
  margin_seconds: 60,
});
const refresh = /http-equiv="refresh" content="0; url=([^"]+)"/;
const pathOf = (url: URL): string => url.pathname + url.search;

type Opened = { path: string; person: Visitor; page: Seen };
async function opened(connector: string, person = createVisitor(world.url)): Promise<Opened> {
  const path = await desk.link(await desk.connect(connector));
  return { path, person, page: await person.open(path) };
}
async function leave({ path, person }: Opened): Promise<URL> {
  const { text } = await person.post(path, { step: 'begin' });
  return new URL(refresh.exec(text)![1]!.replaceAll('&amp;', '&'));
}
const answered = async (at: Opened): Promise<URL> => server.authorize(await leave(at));
function harmless({ text, status }: Seen): void {
  assert.equal(status, 200);
  assert.doesNotMatch(text, /<script|<b |[\u202e\u061c]/);
  assert.ok(!text.includes('\0'));
}

describe('what a service calls itself and others', () => {
  it('is text wherever it stands: service, fields, scopes, accounts', async () => {
    const at = await opened('liar');
    harmless(at.page);
    assert.match(at.page.text, /Key &quot;&gt;&lt;script&gt;/);
    assert.match(at.page.text, /Said &quot;&gt;&lt;script&gt;/);
    const given = await at.person.post(at.path, { step: 'fields', field_api_key: 'x' });
    const asked = await at.person.get(given.headers.location!);
    harmless(asked);
    assert.match(asked.text, /Account found.*&lt;script&gt;/s);
    const account = /name="account" value="([^"]*)"/.exec(asked.text)![1]!;
    const yes = await at.person.post(at.path, { step: 'confirm', answer: 'yes', account });
    const done = await at.person.get(yes.headers.location!);
    harmless(done);
    assert.match(done.text, /is connected/);
    harmless((await opened('scoped')).page);
  });

  it('is text in what it says of its failure, at the page and at the token endpoint', async () => {
    for (const error of ['server_error', 'invalid_scope', markup]) {
      const at = await opened('harbour');
      const back = await answered(at);
      back.searchParams.delete('code');
      back.searchParams.set('error', error);
      back.searchParams.set('error_description', odd);
      back.searchParams.set('error_uri', 'javascript:alert(1)');
      const seen = await at.person.get((await at.person.get(pathOf(back))).headers.location!);
      harmless(seen);
      assert.doesNotMatch(seen.text, /javascript:/);
    }
    const at = await opened('harbour');
    const back = await answered(at);
    server.next('token', { kind: 'error', error: 'invalid_request', description: odd });
    harmless(await at.person.get((await at.person.get(pathOf(back))).headers.location!));
  });
});

describe('an answer at the redirect address', () => {
  it('with a parameter twice is not traded', async () => {
    for (const [name, value] of [
      ['code', 'another'],
      ['state', 'another'],
      ['iss', 'https://evil.example'],
    ] as const) {
      for (const first of [true, false]) {
        const at = await opened('harbour');
        const back = await answered(at);
        const { search } = back;
        const query = first ? `?${name}=${value}&${search.slice(1)}` : `${search}&${name}=${value}`;
        const asked = server.counts.token;
        const seen = await at.person.get(back.pathname + query);
        assert.ok([303, 404].includes(seen.status), `${name} ${seen.status}`);
        assert.equal(server.counts.token, asked, name);
        assert.match((await at.person.get(at.path)).text, /name="step" value="begin"/);
      }
    }
  });

  it('of another link in the same browser ends at that link, and a code of one is nothing to the other', async () => {
    const first = await opened('harbour');
    const second = await opened('scoped', first.person);
    const [back, other] = [await answered(first), await answered(second)];
    other.searchParams.set('code', back.searchParams.get('code')!);
    const crossed = await first.person.get(pathOf(other));
    assert.equal(crossed.headers.location, second.path);
    assert.doesNotMatch((await first.person.get(second.path)).text, /value="confirm"/);
    assert.ok(!(await desk.connected()).some((slug) => /harbour|scoped/.test(slug)));
  });

  it('is no place to send a form to, nor a frame', async () => {
    const at = await opened('harbour');
    const back = await answered(at);
    const asked = server.counts.token;
    assert.equal((await at.person.post(pathOf(back), '')).status, 405);
    await at.person.get(pathOf(back), { 'sec-fetch-dest': 'iframe' });
    await at.person.get(pathOf(back), { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' });
    assert.equal(server.counts.token, asked);
    assert.equal((await at.person.get(pathOf(back))).headers.location, at.path);
  });
});

describe('a yes', () => {
  it('on the page of one link is none to another link of the same browser', async () => {
    const first = await opened('harbour');
    const back = await answered(first);
    await first.person.get(pathOf(back));
    const page = await first.person.get(first.path);
    const account = /name="account" value="([^"]*)"/.exec(page.text)![1]!;
    const second = await opened('harbour', first.person);
    const form = { step: 'confirm', account, answer: 'yes', replace: 'yes' };
    const crossed = await first.person.post(second.path, form);
    assert.deepEqual([crossed.status, crossed.headers.location], [303, second.path]);
    assert.match((await first.person.get(second.path)).text, /value="begin"/);
    assert.match((await first.person.get(first.path)).text, /value="confirm"/);
  });
});

describe('a key', () => {
  it('that no header can carry is refused on the page, and nothing of it is said back or sent', async () => {
    for (const key of [
      'line\r\nX-Evil: 1',
      'nul\u0000byte',
      'tab\u000bbell\u0007',
      '\u2603 snowman',
      '\ud83d\ude00',
    ]) {
      const at = await opened('liar');
      const asked = service.requests.length;
      const given = await at.person.post(at.path, { step: 'fields', field_api_key: key });
      assert.ok(given.status < 500 || given.status === 502, `${JSON.stringify(key)} ${given.status}`);
      const page = given.status === 303 ? await at.person.get(given.headers.location!) : given;
      for (const word of ['X-Evil', 'byte', 'bell', 'snowman']) assert.ok(!page.text.includes(word), word);
      for (const { headers } of service.requests.slice(asked)) assert.equal(headers['x-evil'], undefined);
      assert.doesNotMatch(page.text, /is connected|Something went wrong/, JSON.stringify(key));
    }
  });
});

describe('a callback address', () => {
  it('that hides where it leads is not registered', async () => {
    const { id, key } = desk.organization;
    const refused = [
      'javascript:alert(1)',
      'JAVASCRIPT:alert(1)//https://app.example',
      'data:text/html,x',
      'https://app.example@evil.example/',
      'https://:secret@evil.example/',
      'https://app.example/\r\nSet-Cookie: a=b',
      ' https://app.example/',
      'https://app.example/a\tb',
      'https://app.example/#top',
      '//evil.example/',
      '/after',
      'https://',
    ];
    for (const url of refused) {
      const { status } = await world.ask('PATCH', `/v1/orgs/${id}`, { key, body: { callback_urls: [url] } });
      assert.ok(status === 422 || status === 400, `${JSON.stringify(url)} ${status}`);
    }
  });
});

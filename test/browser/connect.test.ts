import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import {
  addConnector,
  keyConnector,
  keys,
  oauthConnector,
  openAccounts,
  openDesk,
  type Desk,
} from '../contracts/connect-desk.ts';
import { httpService, type Fake } from '../fakes/http-service.ts';
import { startOidcProvider, type OidcServer } from '../fakes/oauth-server.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { startWorld, type Json, type World } from '../world.ts';
import { checkPage, styleOf } from './check-page.ts';
import { needsChromium, newPerson, openBrowser, type Watched } from './open-browser.ts';

const phone = { width: 360, height: 740 };

// Toolcrib is `localhost` here and the services are 127.0.0.1: to a browser another site, as in the world outside.
describe('the connect page in Chromium, without script', { skip: needsChromium }, () => {
  let browser: Browser;
  let world: World;
  let origin: string;
  let service: Fake;
  let provider: OidcServer;
  let desk: Desk;

  before(async () => {
    browser = await openBrowser();
    world = await startWorld({ environment: { HOST: 'localhost' } });
    origin = `http://localhost:${world.port}`;
    service = await openAccounts();
    provider = await startOidcProvider({ redirectUris: [`${origin}/connect/callback`] });
    addConnector(world, keyConnector('ledger', service.url));
    addConnector(world, oauthConnector('harbour', provider.issuer));
    desk = await openDesk(world);
    await desk.app('harbour', 'toolcrib', 'toolcrib-secret');
  });
  after(async () => {
    await browser?.close();
    await world?.close();
    await service?.close();
    await provider?.close();
  });

  /** A link to a connection, opened by somebody on a phone. */
  async function arrive(
    connection: string,
    options: BrowserContextOptions = {},
    own = desk,
  ): Promise<Watched & { page: Page; address: string }> {
    const watched = await newPerson(browser, { viewport: phone, ...options });
    const page = await watched.context.newPage();
    const address = origin + (await own.link(connection));
    await page.goto(address);
    // The first answer brings the cookie and goes on by itself.
    await page.waitForURL(`${address}?opened`);
    return { ...watched, page, address };
  }
  const heading = (page: Page): Promise<string> => page.locator('h1').innerText();
  const press = async (page: Page, name: string | RegExp): Promise<void> => {
    await page.getByRole('button', { name }).click();
  };
  /** Nothing was refused by the policy, and nothing was asked of anybody else. */
  const assertCalm = ({ said, asked }: Watched, others: readonly string[] = []): void => {
    const isElsewhere = (url: string): boolean => others.some((other) => url.startsWith(`${other}/`));
    assert.deepEqual(
      said.filter(({ url }) => !isElsewhere(url)),
      [],
    );
    assert.deepEqual([...asked].toSorted(), [origin, ...others].toSorted());
  };

  it('connects an account by its key: what is wrong is said at the field, the account is shown, then stored', async () => {
    const own = await openDesk(world);
    const visit = await arrive(await own.connect('ledger'), {}, own);
    const { page } = visit;
    assert.equal(await heading(page), 'Connect your Ledger account');
    await checkPage(page, 'the form');
    await page.getByLabel('API key').fill('key-that-nobody-has');
    await press(page, 'Connect Ledger');
    await page.getByRole('alert').waitFor();
    await checkPage(page, 'the form again');
    assert.equal(await page.getByLabel('API key').inputValue(), '');
    await page.getByLabel('API key').fill(keys.ada);
    await page.getByLabel('API key').press('Enter');
    await page.getByText('ada@example.com').first().waitFor();
    assert.equal(await heading(page), 'Is this the right account?');
    await checkPage(page, 'the question');
    assert.deepEqual(await own.connected(), []);
    await press(page, 'Yes, connect this account');
    await page.getByRole('status').waitFor();
    assert.equal(await heading(page), 'Connected');
    await checkPage(page, 'the end');
    assert.deepEqual(await own.connected(), ['ledger']);
    await page.reload();
    assert.equal(await heading(page), 'Connected', 'loading it again repeats nothing');
    await page.goBack();
    assert.equal(await heading(page), 'Connected', 'and the way back leads to nothing old');
    assertCalm(visit);
    await visit.context.close();
  });

  it('connects an account at a service and back: no code stays in the address, and a reload repeats nothing', async () => {
    const own = await openDesk(world);
    await own.app('harbour', 'toolcrib', 'toolcrib-secret');
    provider.account = 'ada';
    const visit = await arrive(await own.connect('harbour'), {}, own);
    const { page, address } = visit;
    await checkPage(page, 'before the service');
    await press(page, 'Continue to Harbour');
    await page.waitForURL(`${provider.issuer}/interaction/*`);
    await page.locator('#approve').click();
    await page.waitForURL(address);
    assert.equal(await heading(page), 'Is this the right account?');
    assert.match(await page.locator('main').innerText(), /ada@example\.com/);
    await checkPage(page, 'the question');
    await page.reload();
    assert.equal(await heading(page), 'Is this the right account?');
    await press(page, 'Yes, connect this account');
    await page.getByRole('status').waitFor();
    assert.equal(page.url(), address);
    assert.deepEqual(await own.connected(), ['harbour']);
    assertCalm(visit, [provider.issuer]);
    await visit.context.close();
  });

  it('says in strong words that it is another account than before, and asks for an explicit yes', async () => {
    const connection = await desk.connect('harbour');
    const through = async (account: string): Promise<Watched & { page: Page; address: string }> => {
      provider.account = account;
      const visit = await arrive(connection);
      await press(visit.page, 'Continue to Harbour');
      await visit.page.waitForURL(`${provider.issuer}/interaction/*`);
      await visit.page.locator('#approve').click();
      await visit.page.waitForURL(visit.address);
      return visit;
    };
    const first = await through('ada');
    await press(first.page, 'Yes, connect this account');
    await first.page.getByRole('status').waitFor();
    const again = await through('ada');
    assert.equal(await heading(again.page), 'Connected', 'the same account needs no yes');

    const visit = await through('grace');
    const { page } = visit;
    assert.match(
      await page.locator('main').innerText(),
      /This is a different account\. Until now it was ada@example\.com/,
    );
    await checkPage(page, 'another account');
    await press(page, 'Yes, connect this account');
    assert.equal(await heading(page), 'Is this the right account?', 'the browser asks for the tick');
    await page.getByLabel('I want to replace it with grace@example.com.').check();
    await press(page, 'Yes, connect this account');
    await page.getByRole('status').waitFor();
    assert.match(await page.locator('main').innerText(), /grace@example\.com is connected/);
    for (const each of [first, again, visit]) {
      assertCalm(each, [provider.issuer]);
      await each.context.close();
    }
  });

  it('takes no for an answer, here and at the service, and lets people try again', async () => {
    const own = await openDesk(world);
    await own.app('harbour', 'toolcrib', 'toolcrib-secret');
    provider.account = 'ada';
    const visit = await arrive(await own.connect('harbour'), {}, own);
    const { page, address } = visit;
    for (const [button, where] of [
      ['#deny', 'there'],
      ['#approve', 'here'],
    ] as const) {
      await press(page, 'Continue to Harbour');
      await page.waitForURL(`${provider.issuer}/interaction/*`);
      await page.locator(button).click();
      await page.waitForURL(address);
      if (where === 'here') await press(page, 'No, store nothing');
      await page.getByRole('alert').waitFor();
      await checkPage(page, `a no ${where}`);
    }
    assert.deepEqual(await own.connected(), []);
    assertCalm(visit, [provider.issuer]);
    await visit.context.close();
  });

  it('comes back from a service whose own button posts a form', async (t) => {
    const rotating = await startRotatingServer({ sendsIssuer: false });
    t.after(() => rotating.close());
    const posting = await postingFront(rotating);
    t.after(() => posting.close());
    const own = await openDesk(world);
    addConnector(world, frontedConnector(posting.url, rotating.url));
    await own.app('fronted', 'toolcrib', 'toolcrib-secret');
    const visit = await arrive(await own.connect('fronted'), {}, own);
    await press(visit.page, 'Continue to Harbour');
    await visit.page.waitForURL(`${posting.url}/authorize?*`);
    await visit.page.locator('#agree').click();
    await visit.page.waitForURL(visit.address);
    assert.match(await visit.page.locator('main').innerText(), /account-1@example\.com/);
    assertCalm(visit, [posting.url]);
    await visit.context.close();
  });

  it('goes back to the callback address by itself once it is done', async (t) => {
    const own = await openDesk(world);
    const app = await httpService((_seen, response) =>
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<!doctype html><title>Desk</title><h1>Desk</h1>'),
    );
    t.after(() => app.close());
    const { key, id } = own.organization;
    const callback = `${app.url}/after`;
    await world.ask('PATCH', `/v1/orgs/${id}`, { key, body: { callback_urls: [callback] } });
    const link = await own.link(await own.connect('ledger'), { callbackUrl: callback, state: 'mine' });
    const { context } = await newPerson(browser);
    const page = await context.newPage();
    await page.goto(origin + link);
    await page.getByLabel('API key').fill(keys.ada);
    await press(page, 'Connect Ledger');
    await press(page, 'Yes, connect this account');
    await page.waitForURL(`${callback}?*`);
    assert.equal(new URL(page.url()).searchParams.get('state'), 'mine');
    const [seen] = app.requests;
    assert.equal(seen!.headers.referer, undefined, 'no other site is told the link');
    await context.close();
  });

  it('belongs to the browser that opened it: another one finds nothing', async () => {
    const visit = await arrive(await desk.connect('ledger'));
    const other = await newPerson(browser, { viewport: phone });
    const page = await other.context.newPage();
    await page.goto(visit.address);
    await page.waitForURL(`${visit.address}?opened`);
    assert.equal(await heading(page), 'This link cannot be used');
    await checkPage(page, 'the dead link');
    assert.equal((await page.reload())!.status(), 404);
    await visit.page.reload();
    assert.equal(await heading(visit.page), 'Connect your Ledger account');
    for (const each of [visit, other]) await each.context.close();
  });

  it('says that cookies are needed where none are kept, and uses nothing up', async () => {
    const address = origin + (await desk.link(await desk.connect('ledger')));
    const { context } = await newPerson(browser);
    await context.route('**/*', async (route) => {
      const response = await route.fetch({ headers: { ...route.request().headers(), cookie: '' } });
      const { 'set-cookie': _dropped, ...headers } = response.headers();
      await route.fulfill({ response, headers });
    });
    const page = await context.newPage();
    await page.goto(address);
    await page.waitForURL(`${address}?opened`);
    assert.equal(await heading(page), 'Cookies are needed');
    await context.close();
    const after = await newPerson(browser);
    const later = await after.context.newPage();
    await later.goto(address);
    await later.waitForURL(`${address}?opened`);
    assert.equal(await heading(later), 'Connect your Ledger account');
    await after.context.close();
  });

  it('can be read in the dark and in the light, on a phone and on a desk, with names as long as they come', async () => {
    const long = await openDesk(world, 'Ada-'.repeat(60));
    const connection = await long.connect('ledger', 'x'.repeat(255));
    for (const colorScheme of ['dark', 'light'] as const) {
      for (const viewport of [
        { width: 320, height: 640 },
        { width: 1280, height: 800 },
      ]) {
        const visit = await arrive(connection, { colorScheme, viewport }, long);
        await checkPage(visit.page, `${colorScheme} ${viewport.width}`);
        const paper = await styleOf(visit.page, 'main', 'backgroundColor');
        assert.equal(paper, colorScheme === 'dark' ? 'rgb(26, 31, 36)' : 'rgb(255, 255, 255)');
        assertCalm(visit);
        await visit.context.close();
      }
    }
  });

  it('can be used by keyboard alone', async () => {
    const visit = await arrive(await desk.connect('ledger'));
    const { page } = visit;
    const focused = (): Promise<string> =>
      page.locator(':focus').evaluate((element: Json) => element.outerHTML);
    await page.keyboard.press('Tab');
    assert.match(await focused(), /field_api_key/);
    assert.notEqual(await styleOf(page, ':focus', 'outlineStyle'), 'none');
    await page.keyboard.press('Tab');
    assert.match(await focused(), /Connect Ledger/);
    await visit.context.close();
  });

  it('runs no script of anybody’s, even where the browser would', async () => {
    const own = await openDesk(
      world,
      '<img src=x onerror="document.title=1"><script>document.title=2</script>',
    );
    const visit = await arrive(await own.connect('ledger'), { javaScriptEnabled: true }, own);
    await checkPage(visit.page, 'a hostile name');
    assert.match(await visit.page.locator('main').innerText(), /<script>document\.title=2<\/script>/);
    assertCalm(visit);
    // Had a name got through as markup, the policy would have stopped it.
    await visit.context.route(visit.address, async (route) => {
      const response = await route.fetch();
      const text = (await response.text()).replace('</h1>', '</h1><script>document.title = 3</script>');
      await route.fulfill({ response, body: text });
    });
    await visit.page.goto(visit.address);
    assert.doesNotMatch(await visit.page.title(), /3/);
    assert.match(visit.said.map(({ text }) => text).join(), /Content Security Policy/);
    await visit.context.close();
  });
});

const frontedConnector = (front: string, server: string) =>
  oauthConnector('fronted', server, {
    auth: [
      {
        type: 'oauth2',
        authorization_url: `${front}/authorize`,
        token_url: `${server}/token`,
        scopes: ['read'],
        pkce: true,
        client_auth: 'client_secret_basic',
        rotation: true,
        margin_seconds: 60,
      },
    ],
  });

/** A consent page whose button posts, answered with the way back. */
const postingFront = (server: RotatingServer): Promise<Fake> =>
  httpService((seen, response) => {
    if (seen.method === 'GET') {
      const page =
        '<!doctype html><title>Consent</title><form method="post"><button id="agree">Agree</button></form>';
      return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    }
    return server
      .authorize(new URL(seen.url, server.url))
      .then((back) => response.writeHead(302, { location: back.href }).end());
  });

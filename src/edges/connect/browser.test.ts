import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it } from 'node:test';
import { createCookies, isOwnForm } from './browser.ts';

const withHeaders = (headers: IncomingMessage['headers']): IncomingMessage =>
  ({ headers }) as IncomingMessage;
const value = 'v'.repeat(43);

describe('the cookies of the pages', () => {
  it('are the host’s own under https: __Host-, Secure, for the whole host', () => {
    const { setCookie } = createCookies(new URL('https://crib.example')).newBrowser();
    assert.match(setCookie, /^__Host-toolcrib_browser=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  });

  it('are drawn anew for every browser', () => {
    const cookies = createCookies(new URL('http://localhost:7420'));
    assert.notEqual(cookies.newBrowser().value, cookies.newBrowser().value);
  });

  it('count where one is sent, and not where two are or another name is', () => {
    const cookies = createCookies(new URL('https://crib.example'));
    const read = (cookie: string) => cookies.browser(withHeaders({ cookie }));
    assert.equal(read(`a=b; __Host-toolcrib_browser=${value}; c=d`), value);
    assert.equal(read(`__Host-toolcrib_browser=${value}; __Host-toolcrib_browser=${'w'.repeat(43)}`), null);
    assert.equal(read(`toolcrib_browser=${value}`), null);
    assert.equal(read(`__Host-toolcrib_browser=short`), null);
    assert.equal(cookies.browser(withHeaders({})), null);
  });
});

describe('a form of our own', () => {
  it('names the public origin and no other, whatever else the door admits', () => {
    const own = new URL('https://crib.example');
    const sent = (headers: Record<string, string>) => isOwnForm(withHeaders(headers), own);
    assert.ok(sent({ origin: 'https://crib.example' }));
    assert.ok(sent({ origin: 'https://crib.example', 'sec-fetch-site': 'same-origin' }));
    for (const origin of [
      'null',
      'http://crib.example',
      'https://crib.example:8443',
      'https://x.crib.example',
    ]) {
      assert.ok(!sent({ origin }), origin);
    }
    assert.ok(!sent({ origin: 'https://crib.example', 'sec-fetch-site': 'same-site' }));
    assert.ok(!sent({}));
  });
});

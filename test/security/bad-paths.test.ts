import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Json } from '../world.ts';
import { nounOf, sampleOf } from './sweep.ts';
import {
  assertNoFailure,
  assertRefused,
  attempt,
  closeWorld,
  movesNothing,
  openWorld,
  org,
  ownPath,
  routes,
  send,
  services,
  validation,
  world,
} from './throw-at.ts';

before(openWorld);
after(closeWorld);

describe('a path', () => {
  it('that is unreadable, climbs, hides slashes, or goes on for long is refused on every route', () =>
    movesNothing(600, async (failures) => {
      const odd = [
        'x',
        '0',
        '-1',
        '%00',
        'a%00b',
        '..%2f..%2fv1%2fkeys',
        '%2e%2e%2f',
        '%2F',
        '%5c',
        '%ff%fe',
        '%',
        '%zz',
        '%E2%80%8B',
        "'%20or%201=1--",
        'x'.repeat(6000),
        '%F0%9F%98%80',
        '*',
        '00000000-0000-0000-0000-00000000000',
        '%252e%252e',
      ];
      let count = 0;
      for (const route of routes.filter((each) => each.params.length > 0 && !each.isPublic)) {
        for (const param of route.params) {
          for (const text of odd) {
            const path = route.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
              name === param ? text : encodeURIComponent(org.things[nounOf(route, name)!]),
            );
            count += 1;
            const body = route.isMcp
              ? '{}'
              : route.body === null
                ? null
                : JSON.stringify(sampleOf(route.body));
            const answer = await send(route.method, path, body);
            attempt(failures, () =>
              assertRefused(route, answer, `${param} = ${text.slice(0, 40)}`, [400, 404, 422]),
            );
          }
        }
      }
      return count;
    }));
});

describe('a query', () => {
  it('that is unreadable, repeated, long or hostile is refused or read, and never a failure of ours', () =>
    movesNothing(600, async (failures) => {
      const odd = [
        '',
        'x',
        '-1',
        '0',
        '1e3',
        '99999999999999999999',
        '1.5',
        '%00',
        '%ff',
        'x'.repeat(8000),
        "';drop%20table%20keys--",
        '[]',
        '__proto__',
        '2026-13-45',
        '2026-02-30T25:61:61Z',
        '+',
        '%F0%9F%98%80',
        '275760-09-13',
        '0000-01-01',
      ];
      let count = 0;
      for (const route of routes.filter((each) => each.query.length > 0 && each.method === 'GET')) {
        for (const { name } of route.query) {
          for (const query of [
            ...odd.map((text) => `${name}=${text}`),
            `${name}=1&${name}=2`,
            `${name}[]=1`,
            `${name}=1&`.repeat(500),
          ]) {
            count += 1;
            const answer = await send('GET', `${ownPath(route)}?${query}`, null);
            const what = query.slice(0, 60);
            attempt(failures, () => assertNoFailure(route, answer, what));
            if (answer.status !== 200)
              attempt(failures, () => assertRefused(route, answer, what, [400, 404, 422]));
          }
        }
      }
      return count;
    }));

  it('says where it was wrong', async () => {
    const lists = routes.filter(
      ({ method, query }) =>
        method === 'GET' && query.some(({ name }) => name === 'limit' || name === 'page'),
    );
    assert.ok(lists.length >= 12);
    for (const route of lists) {
      const name = route.query.some((each) => each.name === 'limit') ? 'limit' : 'page';
      const answer = await send('GET', `${ownPath(route)}?${name}=many`, null);
      assertRefused(route, answer, name, validation, true);
      assert.ok(answer.text.includes(name));
    }
  });
});

describe('an MCP body', () => {
  it('that is no request is refused as JSON-RPC, at both addresses, and nothing is called', async () => {
    const { pack, user } = org.things;
    const addresses = [`/mcp/${pack}`, `/api/v1/tool-packs/${pack}/registered-users/${user}/mcp`];
    const call = (more: string) =>
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"${org.things.toolSlug}"${more}}}`;
    const bad = ['', '{', 'null', '1', '"x"', 'true', '{}', '[]', '[1]', '[null]', '[[]]', '{"jsonrpc":"1.0","id":1,"method":"ping"}', '{"jsonrpc":"2.0","id":{},"method":"ping"}', '{"jsonrpc":"2.0","id":null,"method":"tools/list"}', '{"jsonrpc":"2.0","id":1,"method":7}', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}', '{"jsonrpc":"2.0","id":1,"method":"__proto__"}', '{"jsonrpc":"2.0","id":1,"method":"constructor","params":{}}', '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}', call(',"arguments":7'), call(',"arguments":[]'), call(',"arguments":{"status":"open","status":"paid"}'), call(',"arguments":{"note":"a\\u0000b"}'), call(',"arguments":{"note":"\\ud800"}'), call(`,"arguments":{"note":${'['.repeat(200)}${']'.repeat(200)}}`), '['.repeat(50_000), `{"jsonrpc":"2.0","id":1,"method":"${'x'.repeat(100_000)}"}`]; // prettier-ignore
    const before = services.store.calls().length;
    for (const address of addresses) {
      for (const raw of bad) {
        const answer = await send('POST', address, raw);
        const title = `${raw.slice(0, 80)}: ${answer.status} ${answer.text.slice(0, 300)}`;
        assert.ok(answer.status < 500, title);
        const messages = Array.isArray(answer.json) ? answer.json : [answer.json];
        assert.ok(
          messages.every((each: Json) => each?.error || each?.result?.isError),
          title,
        );
      }
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        assert.equal((await send('POST', address, '{}', type)).status, 415);
      }
      assert.equal((await send('POST', address, JSON.stringify({ a: 'x'.repeat(1_100_000) }))).status, 413);
    }
    assert.equal(services.store.calls().length, before);
    assert.deepEqual(world.logged, []);
  });
});

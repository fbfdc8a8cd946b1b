import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { initialize, legacy, modern, request } from '../contracts/mcp-counter.ts';
import { startWorld, type Answer, type World } from '../world.ts';
import {
  absentLike,
  furnish,
  furnishWith,
  openServices,
  type Furnished,
  type Services,
  type Things,
} from './furnish.ts';
import { bodiesNaming, plainQuery, queryNouns, unknownNouns } from './naming.ts';
import { essence, nounOf, pathWith, plainRequest, readRoutes, type SweptRoute } from './sweep.ts';

let world: World;
let services: Services;
let routes: readonly SweptRoute[];
/** Whose things are asked for, and who asks. */
let alpha: Furnished;
let beta: Furnished;
before(async () => {
  world = await startWorld();
  services = await openServices();
  ({ routes } = await readRoutes(world));
  alpha = await furnish(world, services);
  beta = await furnish(world, services);
});
after(async () => {
  await world.close();
  await services.close();
});

type Case = {
  route: SweptRoute;
  what: string;
  ask: (named: Things) => Promise<Answer>;
  sent: (keyof Things)[];
};

/** Every way to name something of `nouns` at a route, with all else as it should be. */
function waysToName(key: string, own: Things, nouns: (noun: keyof Things) => boolean): Case[] {
  const cases: Case[] = [];
  for (const route of routes.filter((each) => !each.isPublic)) {
    const withParams = route.params.map((param) => [param, nounOf(route, param)!] as const);
    const named = withParams.filter(([, noun]) => nouns(noun));
    const send = (params: (param: string) => string, body?: unknown, query = '') =>
      world.ask(
        route.method,
        pathWith(route, params) + (query || route.needsQuery),
        plainRequest(route, key, body),
      );
    const ownParam = (param: string): string => own[nounOf(route, param)!];

    // Each parameter alone beside our own, and all of them at once.
    const choices = [
      ...named.map(([param]) => [param]),
      ...(named.length > 1 ? [named.map(([param]) => param)] : []),
    ];
    for (const choice of choices) {
      const sent = choice.map((param) => nounOf(route, param)!);
      const value = (things: Things) => (param: string) =>
        choice.includes(param) ? things[nounOf(route, param)!] : ownParam(param);
      cases.push({ route, what: `path ${choice.join()}`, sent, ask: (things) => send(value(things)) });
      if (sent.includes('pack') && route.isMcp && route.params.length === 1) {
        const bySlug = (things: Things) => send(() => things.packSlug);
        cases.push({ route, what: 'path slug', sent: ['packSlug'], ask: bySlug });
      }
      if (sent.includes('organization')) {
        const bySlug = (things: Things) =>
          send((param) =>
            nounOf(route, param) === 'organization' ? things.organizationSlug : value(things)(param),
          );
        cases.push({ route, what: 'path slug', sent: ['organizationSlug'], ask: bySlug });
      }
    }
    for (const { name } of route.query) {
      for (const noun of (queryNouns[name] ?? []).filter(nouns)) {
        const ask = (things: Things) =>
          send(ownParam, undefined, `?${name}=${encodeURIComponent(things[noun])}`);
        cases.push({ route, what: `query ${name}`, sent: [noun], ask });
      }
    }
    const count = bodiesNaming(route, own, own)?.length ?? 0;
    for (let index = 0; index < count; index += 1) {
      const bodyOf = (things: Partial<Things>) => bodiesNaming(route, { ...own, ...things }, own)![index];
      const isNamed = (noun: keyof Things): boolean =>
        JSON.stringify(bodyOf({ [noun]: '?' })).includes('"?"');
      const sent = (Object.keys(own) as (keyof Things)[]).filter((noun) => nouns(noun) && isNamed(noun));
      if (sent.length === 0) continue;
      const ask = (things: Things) =>
        send(ownParam, bodyOf(Object.fromEntries(sent.map((noun) => [noun, things[noun]]))));
      cases.push({ route, what: `body ${index}`, sent, ask });
    }
  }
  // Filters of the call log come first: it will hold the names that the other cases send.
  return cases.toSorted((a, b) => Number(b.what.startsWith('query')) - Number(a.what.startsWith('query')));
}

const uuid = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** Asked for what is another's and for what never was: one answer, which repeats no id. */
async function assertSameAsAbsent(one: Case, foreign: Things): Promise<void> {
  const absent = absentLike(foreign);
  const title = `${one.route.name}, ${one.what}`;
  const [theirs, never] = [await one.ask(foreign), await one.ask(absent)];
  // A slug or a name may be repeated to whoever sent it; an id never is, but where a contract returns raw input.
  const plain = (answer: Answer, things: Things): string => {
    let text = essence(answer);
    for (const noun of one.sent) {
      const value = things[noun];
      if (!uuid.test(value)) text = text.replaceAll(value, '…');
      else assert.ok(!text.includes(value), `${title} repeats an id: ${text}`);
    }
    return text;
  };
  assert.equal(plain(theirs, foreign), plain(never, absent), title);
  assert.ok(theirs.status < 500, `${title}: ${theirs.text}`);
  if (one.what.startsWith('path') && one.sent.every((noun) => noun !== 'connectionSlug')) {
    assert.equal(theirs.status, 404, `${title}: ${theirs.text}`);
  } else if (!one.what.startsWith('query')) {
    assert.ok(theirs.status >= 400, `${title}: ${theirs.text}`);
  }
}

/** What an organization's own admin key reads everywhere, without what reading itself moves. */
async function readEverything(whose: Furnished): Promise<Map<string, string>> {
  // Ends of calls and learned shapes are written after the answer: what is compared has to stand still.
  await world.crib.gateway.drain();
  const seen = new Map<string, string>();
  for (const route of routes) {
    const isJournalOfReading = route.path.includes('api-calls') || route.path === '/metrics';
    if (route.method !== 'GET' || route.isPublic || route.isStream || isJournalOfReading) continue;
    const path = pathWith(route, (param) => whose.things[nounOf(route, param)!]);
    const answer = await world.ask('GET', path, { key: whose.adminKey });
    if (route.path !== '/v1/orgs') assert.equal(answer.status, 200, `${route.name}: ${answer.text}`);
    seen.set(route.name, essence(answer));
  }
  return seen;
}

const auditRows = async (whose: Furnished): Promise<number> =>
  (await whose.ask('GET', '/api/v1/audit-log/')).json.count;

describe('the sweep', () => {
  it('knows what every path, query and body of every route names', () => {
    const unknown = routes.flatMap((route) => [
      ...route.params.filter((param) => !route.isPublic && nounOf(route, param) === null),
      ...route.query.map(({ name }) => name).filter((name) => !plainQuery.has(name) && !queryNouns[name]),
      ...unknownNouns(route).map((name) => `${route.name} ${name}`),
    ]);
    assert.deepEqual(unknown, []);
    assert.ok(routes.length >= 95, `${routes.length} routes`);
  });

  it('tells a difference where there is one: our own things are answered otherwise', async () => {
    const reads = waysToName(beta.adminKey, beta.things, () => true).filter(
      ({ route, what }) => route.method === 'GET' && what.startsWith('path'),
    );
    assert.ok(reads.length >= 20);
    for (const one of reads) {
      assert.equal((await one.ask(beta.things)).status, 200, one.route.name);
      await assert.rejects(assertSameAsAbsent(one, beta.things));
    }
  });
});

describe('another organization’s things', () => {
  it('are in no list and no answer another organization gets', async () => {
    const read = await readEverything(beta);
    for (const [name, text] of read) {
      for (const mark of alpha.marks) assert.ok(!text.includes(mark), `${name} holds ${mark}`);
      const isOwn = beta.marks.some((mark) => text.includes(mark));
      const isNobodys = [
        'GET /v1/integrations',
        'GET /v1/catalog',
        'GET /v1/orgs',
        'GET /v1/connections/{id}/versions',
      ].includes(name);
      assert.ok(isOwn || isNobodys, `${name} shows nothing of its own: ${text}`);
    }
    const journal = await beta.ask('GET', '/api/v1/logs/api-calls/?page_size=100');
    const theirs = alpha.marks.filter((mark) => mark !== alpha.tag);
    const keys = journal.json.results.map((row: { access_key_id: string }) => row.access_key_id);
    assert.ok(keys.length > 0 && !keys.some((id: string) => theirs.includes(id)));
  });

  it('are answered as what never was, on every route, wherever they are named, and nothing of theirs moves', async () => {
    const was = await readEverything(alpha);
    const audited = await auditRows(alpha);
    assert.ok(was.size >= 30 && audited > 10);
    const cases = waysToName(beta.adminKey, beta.things, () => true);
    assert.ok(cases.length >= 130, `${cases.length} ways`);
    const failures: string[] = [];
    for (const one of cases) {
      await assertSameAsAbsent(one, alpha.things).catch((error: Error) => failures.push(error.message));
    }
    assert.deepEqual(failures, []);
    assert.equal(await auditRows(alpha), audited);
    assert.deepEqual(await readEverything(alpha), was);
  });

  it('are not reached with a cursor of their list', async () => {
    const lists = routes.filter(
      ({ method, query }) => method === 'GET' && query.some(({ name }) => name === 'cursor'),
    );
    let taken = 0;
    for (const route of lists) {
      const path = (whose: Furnished) => pathWith(route, (param) => whose.things[nounOf(route, param)!]);
      const first = await alpha.ask('GET', `${path(alpha)}?limit=1`);
      const cursor = (first.json.meta ?? first.json).next_cursor;
      if (cursor === null) continue;
      taken += 1;
      const query = `?limit=1&cursor=${encodeURIComponent(cursor)}`;
      assert.equal((await alpha.ask('GET', path(alpha) + query)).status, 200, route.name);
      const refused = await beta.ask('GET', path(beta) + query);
      assert.equal(refused.status, 422, route.name);
      const garbled = await beta.ask('GET', `${path(beta)}?limit=1&cursor=AAAA`);
      // One contract says again what it was sent.
      assert.equal(essence(refused).replace(cursor, 'AAAA'), essence(garbled), route.name);
    }
    assert.ok(taken >= 6, `${taken} cursors`);
  });

  it('stay apart under one Idempotency-Key', async () => {
    const send = (whose: Furnished) =>
      world.ask('POST', '/v1/users', {
        key: whose.adminKey,
        headers: { 'idempotency-key': 'one-and-the-same' },
        body: { origin_user_id: 'same', origin_user_name: 'same' },
      });
    const [mine, theirs] = [await send(alpha), await send(beta)];
    assert.equal(mine.status, 201);
    assert.equal(theirs.status, 201);
    assert.notEqual(mine.json.data.id, theirs.json.data.id);
    assert.equal(theirs.headers.get('idempotent-replayed'), null);
  });

  it('are not reached through an MCP session of theirs', async () => {
    const address = (whose: Furnished): string => `${world.url}/mcp/${whose.things.pack}`;
    const session = await initialize(address(alpha), '2025-11-25', alpha.adminKey);
    assert.ok(session);
    const list = (at: Furnished, key: string) =>
      fetch(address(at), legacy(request('tools/list'), { key, session }));
    const own = await list(alpha, alpha.adminKey);
    assert.match(await own.text(), new RegExp(alpha.tag));
    for (const at of [alpha, beta]) {
      const refused = await list(at, beta.adminKey);
      assert.equal(refused.status, 404);
      assert.doesNotMatch(await refused.text(), new RegExp(`${alpha.tag}|${beta.tag}`));
    }
  });
});

describe('a key that is bound', () => {
  const all = ['management:all', 'runtime:all'];

  /** A second set of things in alpha’s organization, outside of what a key is bound to. */
  async function boundKey(limits: object): Promise<{ key: string; outside: Furnished }> {
    const outside = await furnishWith(world, services, {
      id: alpha.things.organization,
      slug: alpha.things.organizationSlug,
      adminKey: alpha.adminKey,
      workspaceSlug: 'own',
    });
    const made = await alpha.ask('POST', '/v1/keys', { scopes: all, ...limits });
    assert.equal(made.status, 201, made.text);
    return { key: made.json.data.key, outside };
  }

  const bounds: [string, () => object, readonly (keyof Things)[]][] = [
    ['packs', () => ({ pack_ids: [alpha.things.pack] }), ['pack', 'packSlug', 'call', 'key']],
    ['registered users', () => ({ user_ids: [alpha.things.user] }), ['user', 'credential', 'call', 'key']],
  ];
  for (const [what, limits, nouns] of bounds) {
    it(`to ${what} finds others of them as absent as what never was, everywhere`, async () => {
      const { key, outside } = await boundKey(limits());
      const was = await readEverything(outside);
      const cases = waysToName(key, alpha.things, (noun) => nouns.includes(noun));
      assert.ok(cases.length >= 15, `${cases.length} ways`);
      const failures: string[] = [];
      for (const one of cases) {
        await assertSameOrForbidden(one, outside.things).catch((error: Error) =>
          failures.push(error.message),
        );
      }
      assert.deepEqual(failures, []);
      assert.deepEqual(await readEverything(outside), was);
      const lists = await readLists(key);
      for (const noun of nouns) {
        for (const [name, text] of lists) {
          assert.ok(!text.includes(outside.things[noun]), `${name} shows ${noun}: ${text}`);
        }
      }
    });
  }

  it('to workspaces finds connections, tools and credentials of others as absent as what never was', async () => {
    const home = (await alpha.ask('GET', `/v1/orgs/${alpha.things.organizationSlug}/workspaces`)).json.find(
      (each: { slug: string }) => each.slug === 'default',
    );
    const { key, outside } = await boundKey({ workspace_ids: [home.id] });
    const was = await readEverything(outside);
    const nouns = new Set<keyof Things>([
      'connection',
      'connectionSlug',
      'tool',
      'credential',
      'workspace',
      'workspaceSlug',
      'vaultSecret',
      'instance',
    ]);
    const cases = waysToName(key, alpha.things, (noun) => nouns.has(noun));
    assert.ok(cases.length >= 30, `${cases.length} ways`);
    const failures: string[] = [];
    for (const one of cases) {
      await assertSameOrForbidden(one, outside.things).catch((error: Error) => failures.push(error.message));
    }
    assert.deepEqual(failures, []);
    assert.deepEqual(await readEverything(outside), was);
    // A pack that another made of that connection serves nothing of it to this key.
    const listed = await fetch(`${world.url}/mcp/${outside.things.pack}`, modern('tools/list', {}, { key }));
    assert.ok(!(await listed.text()).includes(outside.things.toolSlug), 'lists a tool of another workspace');
    const before = services.store.calls().length;
    const called = await world.ask('POST', '/v1/calls', {
      key,
      body: { pack: outside.things.pack, tool: outside.things.toolSlug },
    });
    assert.equal(called.status, 404, called.text);
    assert.equal(services.store.calls().length, before);
  });

  /** Where a bound key may not use a route at all it learns nothing of what there is: also one answer. */
  async function assertSameOrForbidden(one: Case, outside: Things): Promise<void> {
    const answer = await one.ask(outside);
    if (answer.status !== 403) return assertSameAsAbsent(one, outside);
    const { code } = answer.json?.error ?? {};
    assert.notEqual(code, 'insufficient_scope', `${one.route.name}: ${answer.text}`);
    const absent = await one.ask(absentLike(outside));
    assert.equal(essence(answer), essence(absent), `${one.route.name}, ${one.what}`);
  }

  async function readLists(key: string): Promise<Map<string, string>> {
    const texts = new Map<string, string>();
    const isJournal = (path: string): boolean => /api-calls|metrics/.test(path);
    for (const route of routes) {
      if (route.method !== 'GET' || route.isPublic || route.isStream || route.params.length > 0) continue;
      if (isJournal(route.path)) continue;
      texts.set(route.name, (await world.ask('GET', route.path, { key })).text);
    }
    return texts;
  }
});

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { sql } from 'kysely';
import { addConnector, oauthConnector, openDesk } from '../contracts/connect-desk.ts';
import { createPerson } from '../fakes/person.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { createVisitor, type Seen } from '../visitor.ts';
import { startWorld, type World } from '../world.ts';
import { findIn } from './find-secrets.ts';

// One account's whole life (link, consent, calls, refresh, failures, panic), with every secret of it looked for
// afterwards in what came out and in what stayed.

let world: World;
let server: RotatingServer;
const clientSecret = `zqclientsecret${randomBytes(12).toString('hex')}`;

before(async () => {
  world = await startWorld();
  server = await startRotatingServer({ clients: { app: clientSecret } });
});
after(async () => {
  await world.close();
  await server.close();
});

/** Every row of every table, as text: bytes come out as hex, which the search knows. */
const rowsOf = (): Promise<{ table: string; text: string }[]> =>
  world.crib.database.transaction('system', async (tx) => {
    const { rows: tables } = await sql<{ name: string }>`
      select quote_ident(tablename) as name from pg_tables where schemaname = 'public'
        and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')`.execute(tx.kysely);
    const found: { table: string; text: string }[] = [];
    for (const { name } of tables) {
      const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.raw(name)} t`.execute(
        tx.kysely,
      );
      found.push(...rows.map(({ text }) => ({ table: name, text })));
    }
    return found;
  });

describe('the secrets of an account that was connected by OAuth', () => {
  it('are in no response, log line, error, audit row or row of the database; link, state and code neither', async () => {
    const given: Record<string, string> = { clientSecret };
    server.always('token', {
      kind: 'change',
      change(answer) {
        for (const kind of ['access_token', 'refresh_token']) {
          if (typeof answer[kind] === 'string') given[`${kind} ${Object.keys(given).length}`] = answer[kind];
        }
        return answer;
      },
    });
    const auth = {
      type: 'oauth2',
      authorization_url: `${server.url}/authorize`,
      token_url: `${server.url}/token`,
      revocation_url: `${server.url}/revoke`,
      scopes: ['read'],
      pkce: true,
      client_auth: 'client_secret_basic',
      rotation: true,
      margin_seconds: 60,
    };
    addConnector(world, oauthConnector('harbour', server.url, { auth: [auth] }));
    const desk = await openDesk(world);
    const { key } = desk.organization;
    const responses: { title: string; text: string }[] = [];
    const ask: World['ask'] = async (method, path, request = {}) => {
      const answer = await world.ask(method, path, { key, ...request });
      responses.push({ title: `${method} ${path}`, text: JSON.stringify([...answer.headers]) + answer.text });
      assert.notEqual(answer.status, 500, `${method} ${path}: ${answer.text}`);
      return answer;
    };
    await desk.app('harbour', 'app', clientSecret);

    // The page of the link names the link itself, as its own address; everything else it may not say.
    const pages: { title: string; text: string }[] = [];
    const keep = (title: string, seen: Seen): Seen => {
      pages.push({ title, text: JSON.stringify(seen.headers) + seen.text });
      return seen;
    };
    const connectionId = await desk.connect('harbour');
    const link = await desk.link(connectionId);
    given['link'] = link.split('/').at(-1)!;
    const person = createVisitor(world.url);
    keep('the page', await person.open(link));
    const left = keep('leaving', await person.post(link, { step: 'begin' }));
    const to = new URL(/content="0; url=([^"]+)"/.exec(left.text)![1]!.replaceAll('&amp;', '&'));
    given['state'] = to.searchParams.get('state')!;
    const back = await createPerson().approve(to);
    given['code'] = back.searchParams.get('code')!;
    keep('coming back', await person.get(back.pathname + back.search));
    const shown = keep('whose account', await person.get(link));
    const account = /name="account" value="([^"]*)"/.exec(shown.text)![1]!;
    const waiting = await rowsOf();
    keep('yes', await person.post(link, { step: 'confirm', account, answer: 'yes' }));
    keep('done', await person.get(link));
    keep('the address again', await person.get(back.pathname + back.search));
    assert.deepEqual(await desk.connected(), ['harbour']);
    for (const value of person.cookies.values()) if (value.length > 20) given['cookie'] = value;
    const verifier = server.tokenRequests[0]!.params.get('code_verifier');
    assert.ok(verifier);
    given['verifier'] = verifier;

    const made = async (path: string, body: object): Promise<string> => {
      const { status, json, text } = await ask('POST', path, { body });
      assert.equal(status, 201, text);
      return json.data.id;
    };
    const entries = [{ slug: 'harbour', auth_scope: 'INDIVIDUAL' }];
    const pack = await made('/v1/packs', { name: 'harbour', entries });
    const call = (args: object = {}) =>
      ask('POST', '/v1/calls', { body: { pack, tool: 'harbour__me', user: desk.user.id, arguments: args } });
    const first = await call();
    assert.equal(first.json.isError, false, first.text);
    // Refused tokens are refreshed; what a careless server says of them in its errors is not passed on.
    server.expireAll();
    const refreshed = await call();
    assert.equal(refreshed.json.isError, false, refreshed.text);
    const tokens = Object.values(given).join(' ');
    server.expireAll();
    server.always('token', { kind: 'error', error: 'invalid_grant', description: `no: ${tokens}` });
    await call();
    server.always('api', { kind: 'status', status: 500, body: 'out of order' });
    await call();
    await ask('POST', `/v1/connections/${connectionId}/sync`);
    for (const path of [
      '/v1/connections',
      `/v1/connections/${connectionId}`,
      '/v1/credentials',
      '/v1/connectors',
      '/v1/calls?limit=100',
      '/v1/audit?limit=100',
      '/v1/packs',
      '/v1/users',
      '/api/v1/audit-log/?page_size=100',
      '/api/v1/logs/api-calls/?page_size=100',
      '/metrics',
    ]) {
      await ask('GET', path);
    }
    await world.crib.callJournal.drain();
    const after = await rowsOf();
    await ask('POST', '/v1/panic', { body: { dry_run: false } });
    const end = await rowsOf();

    const kinds = Object.keys(given);
    assert.ok(kinds.filter((kind) => kind.startsWith('refresh_token')).length >= 2, kinds.join());
    assert.ok(after.length > 20 && responses.length > 15 && pages.length === 7);
    const seen = findIn(
      JSON.stringify([server.api, server.tokenRequests.map(({ params }) => params.toString())]),
      given,
    );
    assert.ok(seen.length >= 4, `the service was given them: ${seen.join()}`);
    const found: string[] = [];
    const scan = (title: string, text: string, secrets = given): void => {
      for (const name of findIn(text, secrets)) found.push(`${name} in ${title}`);
    };
    for (const { title, text } of responses) scan(title, text);
    const { link: _link, state: _state, cookie: _cookie, ...secret } = given;
    for (const { title, text } of pages) scan(title, text, secret);
    for (const rows of [waiting, after, end]) for (const { table, text } of rows) scan(table, text);
    for (const line of world.logged) scan('the log', line);
    assert.deepEqual([...new Set(found)], []);
  });
});

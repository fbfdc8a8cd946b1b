import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { FlowStep } from '../../src/connections/index.ts';
import { systemChange } from '../../src/access/index.ts';
import { viewContext } from '../../src/gateway/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { findCredentials, markCredential, Plaintext } from '../../src/vault/index.ts';
import { httpService, sendJson } from '../fakes/http-service.ts';
import { result, scriptedMcp } from '../fakes/scripted-mcp.ts';
import type { Json, World } from '../world.ts';
import { initialize, legacy, modern, request, type Answered } from './mcp-counter.ts';

// What the tests of auth scopes share: two services that know accounts by their bearer tokens, and ways to call
// them for anybody in every protocol.

/** What a service saw of one call: its own number, and what it was signed in with. */
export type Seen = { service: 'mail' | 'notes'; call: string; bearer: string | null };

export type Accounts = {
  seen: Seen[];
  /** Account names by token; a reply says the name, since a token in a reply would be taken out. */
  names: Map<string, string>;
  /** How the connections are made: a plain service, and an MCP server whose sessions are each one account's. */
  connections: readonly object[];
  close(): Promise<void>;
};

const bearerOf = (header: string | undefined): string | null =>
  /^Bearer (.*)$/.exec(header ?? '')?.[1] ?? null;

export async function openAccounts(): Promise<Accounts> {
  const seen: Seen[] = [];
  const names = new Map<string, string>();
  const mail = await httpService(({ url, headers }, response) => {
    if (url === '/openapi.json') return sendJson(response, documentOf(mail.url));
    const bearer = bearerOf(headers.authorization);
    seen.push({ service: 'mail', call: new URL(url, mail.url).searchParams.get('call') ?? '', bearer });
    return sendJson(response, { account: names.get(bearer ?? '') ?? null });
  });
  const openedWith: (string | null)[] = [];
  const notes = await scriptedMcp({
    era: 'legacy',
    sessions: true,
    tools: [{ name: 'keep', inputSchema: { type: 'object', properties: { call: { type: 'string' } } } }],
    intercept({ headers }, message) {
      if (message?.method === 'initialize') openedWith.push(bearerOf(headers.authorization));
      return false;
    },
    call({ id, params }, response, _request, { headers }) {
      const bearer = bearerOf(headers.authorization);
      const session = Number(/^session-(\d+)$/.exec(String(headers['mcp-session-id']))![1]);
      assert.equal(openedWith[session - 1], bearer, 'a session of another account');
      const { call } = params!['arguments'] as { call: string };
      seen.push({ service: 'notes', call, bearer });
      const said = JSON.stringify({ account: names.get(bearer ?? '') ?? null });
      result(response, id, { content: [{ type: 'text', text: said }] });
    },
  });
  return {
    seen,
    names,
    connections: [
      {
        kind: 'openapi',
        nickname: 'mail',
        document_url: `${mail.url}/openapi.json`,
        auth: { type: 'bearer' },
      },
      { kind: 'mcp', nickname: 'notes', server_url: notes.url, auth: { type: 'bearer' } },
    ],
    async close() {
      await mail.close();
      await notes.close();
    },
  };
}

const documentOf = (url: string): object => ({
  openapi: '3.1.0',
  info: { title: 'Mail', version: '1' },
  servers: [{ url }],
  paths: {
    '/send': {
      get: {
        operationId: 'send',
        parameters: [{ name: 'call', in: 'query', schema: { type: 'string' } }],
        responses: { 200: { description: 'Done.' } },
      },
    },
  },
});

export const protocols = [
  'rest',
  'mcp/2026-07-28',
  'mcp/2025-11-25',
  'mcp/2025-06-18',
  'mcp/2025-03-26',
] as const;
export type Protocol = (typeof protocols)[number];
export const scopes = ['INDIVIDUAL', 'SHARED', 'ORGANIZATION'] as const;
export type Scope = (typeof scopes)[number];

export type Person = { name: string; id: string; company: string | null };
export type Owner = { type: 'organization' | 'company' | 'user'; id: string | null };
/** What a call was told: whether it failed, and the object its result holds. */
export type Told = { isError: boolean; said: { [key: string]: Json } };

export type Desk = {
  key: string;
  ask: World['ask'];
  person(name: string, company?: string): Promise<Person>;
  /** A pack of both services in one scope. */
  pack(scope: Scope, more?: object): Promise<string>;
  /** Gives both services a token of the owner’s own, of an account of this name; answers how to take them away. */
  give(owner: Owner, name: string): Promise<() => Promise<void>>;
  address(pack: string, person: Person | null): string;
  call(protocol: Protocol, pack: string, person: Person, tool: string, args: object): Promise<Told>;
  /** The owner’s accounts are in this status from now on, as after a service has said so. */
  fail(owner: Owner, status: 'token_expired' | 'auth_failed'): Promise<void>;
  /** What is kept of what agents saw, opened. */
  views(): Promise<string[]>;
  /** What a person does with a link: opens it, in a browser of their own, and gives a token of an account of this name. */
  follow(link: string, name: string): Promise<FlowStep>;
  /** Names that are listed. */
  list(pack: string, person: Person | null, query?: string): Promise<string[]>;
};

export async function openScopes(world: World, accounts: Accounts): Promise<Desk> {
  const { id: organization, key } = await world.organization();
  const ask: World['ask'] = (method, path, more = {}) => world.ask(method, path, { key, ...more });
  const done = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const { status, json, text } = await ask(method, path, { body });
    assert.ok(status < 300, text);
    return json;
  };
  for (const connection of accounts.connections) await done('POST', '/v1/connections', connection);
  const sessions = new Map<string, Promise<string>>();
  const sessionAt = (address: string, revision: string): Promise<string> => {
    const name = `${revision} ${address}`;
    const known = sessions.get(name) ?? initialize(world.url + address, revision, key);
    sessions.set(name, known);
    return known;
  };
  const address = (pack: string, person: Person | null): string =>
    person ? `/api/v1/tool-packs/${pack}/registered-users/${person.id}/mcp` : `/mcp/${pack}`;
  const post = async (path: string, init: RequestInit): Promise<Answered> =>
    (await (await fetch(world.url + path, init)).json()) as Answered;

  return {
    key,
    ask,
    address,
    async person(name, company) {
      const group = company ? { shared_credential_group: { origin_company_id: company } } : {};
      const body = { origin_user_id: name, origin_user_name: name, ...group };
      return {
        name,
        id: (await done('POST', '/api/v1/registered-users/', body)).id,
        company: company ?? null,
      };
    },
    async pack(scope, more = {}) {
      const connectors = ['mail', 'notes'].map((slug) => ({ slug, auth_scope: scope }));
      return (await done('POST', '/api/v1/tool-packs/', { name: scope, connectors, ...more })).id;
    },
    async give(owner, name) {
      const given: string[] = [];
      for (const connection of ['mail', 'notes']) {
        const token = `${connection}-${randomUUID()}`;
        accounts.names.set(token, name);
        const { data } = await done('PUT', '/v1/credentials', { connection, owner, fields: { token } });
        given.push(data.id);
      }
      return async () => {
        for (const id of given) await done('DELETE', `/v1/credentials/${id}`);
      };
    },
    async call(protocol, pack, person, tool, args) {
      if (protocol === 'rest') {
        const body = { pack, tool, arguments: args, user: person.id };
        return toldOf(await done('POST', '/v1/calls', body));
      }
      const at = address(pack, person);
      const params = { name: tool, arguments: args };
      const revision = protocol.slice('mcp/'.length);
      const answer =
        revision === '2026-07-28'
          ? await post(at, modern('tools/call', params, { key }))
          : await post(
              at,
              legacy(request('tools/call', params), { key, session: await sessionAt(at, revision) }),
            );
      assert.ok(answer.result, JSON.stringify(answer));
      return toldOf(answer.result);
    },
    async fail({ type, id: owner }, status) {
      const organizationId = parseId(organization)!;
      await systemChange(world.crib, organizationId, 'credential.failed', async (tx) => {
        const found = await findCredentials(tx, organizationId, {});
        for (const { id, version, owner: of } of found) {
          if (of.type !== type || (owner !== null && of.id !== parseId(owner))) continue;
          await markCredential(tx, organizationId, { credentialId: id, version }, { status });
        }
        return {
          result: undefined,
          target: { type: 'organization', id: organizationId },
          changes: { status },
        };
      });
    },
    async views() {
      const organizationId = parseId(organization)!;
      const { database, vault } = world.crib;
      const rows = await database.transaction({ organizationId }, async (tx) => {
        const found = await sql<{ call_id: string; view: Buffer; key_version: number }>`
          select call_id, view, key_version from call_ends
          where organization_id = ${organizationId} and view is not null`.execute(tx.kysely);
        return found.rows;
      });
      return Promise.all(
        rows.map(async ({ call_id: callId, view: sealed, key_version: keyVersion }) => {
          const opened = await vault.open(organizationId, viewContext(callId), { sealed, keyVersion });
          return opened.toString('utf8');
        }),
      );
    },
    async follow(link, name) {
      const { connectFlow } = world.crib;
      const [token, browser] = [link.slice(link.lastIndexOf('/') + 1), randomBytes(32).toString('base64url')];
      const { connection } = await connectFlow.open(token, browser);
      const text = `${connection}-${randomUUID()}`;
      accounts.names.set(text, name);
      const step = await connectFlow.submitFields(token, browser, { token: new Plaintext(text) });
      return step.kind === 'confirm' ? connectFlow.confirm(token, browser, true) : step;
    },
    async list(pack, person, query = '') {
      const { result: listed } = await post(address(pack, person) + query, modern('tools/list', {}, { key }));
      return (listed!['tools'] as { name: string }[]).map(({ name }) => name);
    },
  };
}

function toldOf({ content, structuredContent, isError }: Json): Told {
  const [{ text }] = content;
  const said = text.startsWith('{') ? JSON.parse(text) : { message: text };
  if (structuredContent !== undefined) assert.deepEqual(structuredContent, said);
  return { isError, said };
}

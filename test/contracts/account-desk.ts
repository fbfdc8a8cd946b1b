import assert from 'node:assert/strict';
import type { Fake } from '../fakes/http-service.ts';
import { createPerson } from '../fakes/person.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { startRotatingServer, type RotatingServer } from '../fakes/rotating-server.ts';
import { createVisitor, type Seen, type Visitor } from '../visitor.ts';
import { startWorld, type Answer, type Json, type World, type WorldOptions } from '../world.ts';
import { addConnector, keyConnector, keys, oauthConnector, openAccounts } from './connect-desk.ts';

// Services that accounts are had at, organizations that connect them, and people who open links in a browser.

export type Accounts = {
  world: World;
  /** An authorization server with an API behind it; clients may register themselves. */
  server: RotatingServer;
  /** A service that knows the keys of connect-desk.ts. */
  service: Fake;
  /** An MCP server that wants a token of `server`. */
  mcp: ProtectedMcp;
  organization(): Promise<Organization>;
  /** The first organization, with the key that may admit services of this machine. */
  operator(): Promise<Organization>;
  close(): Promise<void>;
};

export type Organization = {
  id: string;
  key: string;
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Answers the body, without its envelope; anything but a success fails the test. */
  done(method: string, path: string, body?: unknown): Promise<Json>;
  /** A key of these scopes and limits. */
  keyOf(scopes: readonly string[], more?: object): Promise<string>;
};

/**
 * Connectors: `ledger` takes a key, `harbour` wants an OAuth app, `robot` signs in as a client, `plain` has nothing to
 * sign in with.
 */
export async function openAccountDesk(options: WorldOptions = {}): Promise<Accounts> {
  const world = await startWorld(options);
  const server = await startRotatingServer({ registration: true });
  const service = await openAccounts();
  const accepts = (bearer: string): boolean => server.isGood(bearer);
  const mcp = await startProtectedMcp({ issuers: [server.issuer], accepts, scopes: ['tools:read'] });
  const client = { token_url: `${server.url}/token`, scopes: ['read'] };
  const oauth2 = {
    type: 'oauth2',
    authorization_url: `${server.url}/authorize`,
    token_url: `${server.url}/token`,
    revocation_url: `${server.url}/revoke`,
    scopes: ['read', 'write'],
    pkce: true,
    client_auth: 'client_secret_basic',
    rotation: true,
    margin_seconds: 60,
  };
  addConnector(world, keyConnector('ledger', service.url));
  addConnector(world, oauthConnector('harbour', server.url, { auth: [oauth2] }));
  addConnector(
    world,
    oauthConnector('robot', server.url, { auth: [{ type: 'oauth2_client_credentials', ...client }] }),
  );
  addConnector(world, keyConnector('plain', service.url, { auth: [{ type: 'none' }], identity: null }));
  return {
    world,
    server,
    service,
    mcp,
    async organization() {
      const { id, key } = await world.organization();
      return organizationOf(world, id, key);
    },
    async operator() {
      const { json } = await world.ask('GET', '/v1/orgs/default');
      return organizationOf(world, json.id, world.adminKey);
    },
    async close() {
      await world.close();
      await Promise.all([server.close(), service.close(), mcp.close()]);
    },
  };
}

function organizationOf(world: World, id: string, key: string): Organization {
  const ask: Organization['ask'] = (method, path, body, headers) =>
    world.ask(method, path, { key, body, headers });
  const done: Organization['done'] = async (method, path, body) => {
    const { status, json, text } = await ask(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${text}`);
    return json?.data ?? json;
  };
  const keyOf: Organization['keyOf'] = async (scopes, more = {}) =>
    (await done('POST', '/v1/keys', { scopes, ...more })).key;
  return { id, key, ask, done, keyOf };
}

export const appOf = (connector: string, more: object = {}) => ({
  connector_slug: connector,
  client_id: 'toolcrib',
  client_secret: 'toolcrib-secret',
  ...more,
});

/** Opens a link and follows it to its end: a key where one is asked for, consent, and a yes. */
export async function followLink(
  { world }: Accounts,
  url: string,
  options: { key?: string; deny?: boolean } = {},
): Promise<Seen> {
  const visitor = createVisitor(world.url);
  const { pathname } = new URL(url);
  let page = await visitor.open(pathname);
  assert.equal(page.status, 200, page.text);
  if (page.text.includes('value="fields"')) {
    page = await onward(
      visitor,
      await visitor.post(pathname, { step: 'fields', field_api_key: options.key ?? keys.ada }),
    );
  } else {
    page = await consent(visitor, pathname, options.deny ?? false);
  }
  if (!page.text.includes('value="confirm"')) return page;
  const account = /name="account" value="([^"]*)"/.exec(page.text)![1]!;
  const yes = { step: 'confirm', account, answer: 'yes', replace: 'yes' };
  return onward(visitor, await visitor.post(pathname, yes));
}

async function consent(visitor: Visitor, path: string, deny: boolean): Promise<Seen> {
  const left = await visitor.post(path, { step: 'begin' });
  assert.equal(left.status, 200, left.text);
  const to = /http-equiv="refresh" content="0; url=([^"]+)"/.exec(left.text)![1]!;
  const back = await createPerson().approve(to.replaceAll('&amp;', '&'), { deny });
  return onward(visitor, await visitor.get(back.pathname + back.search));
}

async function onward(visitor: Visitor, seen: Seen): Promise<Seen> {
  const { location } = seen.headers;
  return location?.startsWith('/') ? visitor.get(location) : seen;
}

/** Breaks an organization's account by a call that the service refuses with 401; answers the agent that it holds. */
export async function breakAccount(org: Organization, connectionId: string, handle: string): Promise<Json> {
  const tools = [{ name: 'me', connector_id: connectionId }];
  const { slug } = await org.done('GET', `/v1/connections/${connectionId}`);
  const agent = await org.done('POST', '/v1/agents', { handle, tools });
  await org.done('PUT', '/v1/credentials', { connection: slug, fields: { api_key: 'a-key-nobody-has' } });
  const body = { agent: handle, tool: `${slug}__me`, arguments: {} };
  const { json } = await org.ask('POST', '/v1/calls', body, { authorization: `Bearer ${agent.key}` });
  assert.equal(json.isError, true);
  assert.equal((await org.done('GET', `/v1/connections/${connectionId}`)).status, 'auth_failed');
  return agent;
}

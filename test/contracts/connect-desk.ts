import { parseConnectorFile } from '../../src/connectors/index.ts';
import type { ConnectorFile } from '../../src/connectors/index.ts';
import { createOAuthClient, issueLink, type LinkWish } from '../../src/connections/index.ts';
import { parseId } from '../../src/kernel/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import type { World } from '../world.ts';

// A service that knows two accounts by their keys, an organization with a user of it, and browsers to open links with.

export const keys = { ada: 'key-of-ada-7f3a', grace: 'key-of-grace-91bc' };
const accounts: Readonly<Record<string, object>> = {
  [keys.ada]: { id: 1, email: 'ada@example.com' },
  [keys.grace]: { id: 2, email: 'grace@example.com' },
};

/** Answers /me for the key in X-Api-Key; 401 for every other. */
export const openAccounts = (): Promise<Fake> =>
  httpService((seen, response) => {
    const account = accounts[String(seen.headers['x-api-key'])];
    sendJson(response, account ?? { message: 'who are you' }, account ? 200 : 401);
  });

const plain = {
  version: 1,
  description: 'For tests.',
  categories: ['test'],
  source_url: null,
  logo_url: null,
  changelog: 'First.',
  kind: 'http',
};

/** A service with a key, and who-am-I. */
export const keyConnector = (slug: string, baseUrl: string, more: object = {}): ConnectorFile =>
  parseConnectorFile({
    ...plain,
    slug,
    name: 'Ledger',
    base_url: baseUrl,
    identity: { tool: 'me', label: 'email', id: 'id' },
    auth: [{ type: 'api_key', in: 'header', name: 'X-Api-Key' }],
    tools: [
      { name: 'me', title: 'Who am I', description: 'Whose key it is.', request: 'GET /me', effect: 'read' },
    ],
    ...more,
  });

/** A service behind an authorization server, and who-am-I. */
export const oauthConnector = (slug: string, issuer: string, more: object = {}): ConnectorFile =>
  keyConnector(slug, `${issuer}/api`, {
    name: 'Harbour',
    identity: { tool: 'me', label: 'label', id: 'id' },
    auth: [
      {
        type: 'oauth2',
        authorization_url: `${issuer}/auth`,
        token_url: `${issuer}/token`,
        scopes: ['read', 'write'],
        pkce: true,
        client_auth: 'client_secret_basic',
        rotation: true,
        margin_seconds: 60,
      },
    ],
    tools: [{ name: 'me', title: 'Who am I', description: 'Whose.', request: 'GET /whoami', effect: 'read' }],
    ...more,
  });

/** Puts a connector beside those of the catalog's folder, as a file there would be. */
export function addConnector(world: World, file: ConnectorFile): void {
  const { catalog } = world.crib.ctxFor({ principal: world.crib.founded.operator, requestId: 'req_test' });
  (catalog as Map<string, ConnectorFile>).set(file.slug, file);
}

export type Desk = {
  organization: { id: string; name: string; key: string };
  user: { id: string; name: string };
  /** Id of a new connection of a connector that was added. */
  connect(connector: string, nickname?: string): Promise<string>;
  /** A link by which the user connects an account of theirs; for the organization's own with `owner`. */
  link(connectionId: string, wish?: Partial<LinkWish> & { owner?: LinkWish['owner'] }): Promise<string>;
  /** The organization’s own app at a connector’s service. */
  app(connector: string, clientId: string, clientSecret: string): Promise<void>;
  /** What the user is connected to now: slugs of connectors. */
  connected(): Promise<readonly string[]>;
};

/** An organization with a user, on whose behalf links are made. */
export async function openDesk(world: World, userName = 'Ada Lovelace'): Promise<Desk> {
  const { id, key } = await world.organization();
  const { json: organization } = await world.ask('GET', `/v1/orgs/${id}`, { key });
  const body = { origin_user_id: 'ada', origin_user_name: userName };
  const { json: user } = await world.ask('POST', '/api/v1/registered-users/', { key, body });
  const principal = await world.crib.authenticator.authenticate({
    authorization: [`Bearer ${key}`],
    apiKey: [],
  });
  return {
    organization: { id, name: organization.name, key },
    user: { id: user.id, name: userName },
    async connect(connector, nickname) {
      const made = await world.ask('POST', '/v1/connections', {
        key,
        body: { kind: 'catalog', connector, ...(nickname === undefined ? {} : { nickname }) },
      });
      if (made.status !== 201) throw new Error(made.text);
      return plainId(made.json.data.id);
    },
    async link(connectionId, wish = {}) {
      const userId = plainId(user.id);
      const issued = await issueLink(
        { database: world.crib.database, clock: world.crib.clock, publicUrl: world.url },
        principal,
        {
          connectionId,
          owner: { type: 'user', id: userId },
          userId: wish.owner ? null : userId,
          packId: null,
          authScope: null,
          callbackUrl: null,
          state: null,
          ...wish,
        },
      );
      return new URL(issued.url).pathname;
    },
    async app(connectorSlug, clientId, secret) {
      const ctx = world.crib.ctxFor({ principal, requestId: 'req_test' });
      await createOAuthClient(ctx, { connectorSlug, clientId, clientSecret: new Plaintext(secret) });
    },
    async connected() {
      const { json } = await world.ask('GET', `/api/v1/registered-users/${user.id}/`, { key });
      return json.authenticated_connectors;
    },
  };
}

const plainId = (text: string): string => parseId(text) ?? text;

import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { createUser, updateOrganization, type RegisteredUser } from '../src/access/index.ts';
import {
  connectCatalog,
  createOAuthClient,
  issueLink,
  releaseConnector,
  type Connection,
  type ConnectFlow,
  type FlowStep,
  type IssuedLink,
  type LinkWish,
} from '../src/connections/index.ts';
import { findCredentials, Plaintext, type Credential } from '../src/vault/index.ts';
import type { RotatingServer } from './fakes/rotating-server.ts';
import type { Rooms } from './open-rooms.ts';

// A service behind a scripted authorization server, and people who follow links to it with browsers of their own.

export const callback = 'https://app.example.com/connected?from=toolcrib';

/** A connector of that server: OAuth, a token given by hand, client credentials. */
export const connectorOf = (slug: string, server: RotatingServer, more: object = {}): object => ({
  slug,
  version: 1,
  name: 'Harbour',
  description: 'Ships and their berths.',
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: 'First.',
  kind: 'http',
  base_url: `${server.url}/api`,
  identity: { tool: 'whoami', label: 'label', id: 'id' },
  auth: [
    { type: 'bearer' },
    {
      type: 'oauth2',
      authorization_url: `${server.url}/authorize`,
      token_url: `${server.url}/token`,
      revocation_url: `${server.url}/revoke`,
      scopes: ['read', 'berths:write'],
      pkce: true,
      client_auth: 'client_secret_basic',
      rotation: true,
      margin_seconds: 60,
    },
    { type: 'oauth2_client_credentials', token_url: `${server.url}/token`, scopes: ['read'] },
  ],
  tools: [
    { name: 'whoami', title: 'Who', description: 'Whose.', request: 'GET /whoami', effect: 'read' },
    { name: 'ships', title: 'Ships', description: 'All ships.', request: 'GET /ships', effect: 'read' },
  ],
  ...more,
});

export type ConsentDesk = {
  rooms: Rooms;
  flow: ConnectFlow;
  /** A connector of its own, with the organization's app `toolcrib` unless said. */
  connector(server: RotatingServer, options?: { app?: boolean; more?: object }): Promise<string>;
  connection(connector: string, method?: 'bearer' | 'oauth2'): Promise<Connection>;
  user(company?: string): Promise<RegisteredUser>;
  /** For the organization's own account unless said. */
  link(connection: Connection, wish?: Partial<LinkWish>): Promise<IssuedLink>;
  credentials(connection: Connection): Promise<readonly Credential[]>;
  /** From the link to the way back: the answer is not taken yet. */
  consent(server: RotatingServer, token: string, browser: string): Promise<URL>;
  /** All of it, with the yes where one is asked for. */
  connectAccount(server: RotatingServer, token: string, browser?: string): Promise<FlowStep>;
  /** Changes of the organization, the newest first. */
  audit(action: string): Promise<readonly { outcome: string; changes: Record<string, unknown> }[]>;
};

export const newBrowser = (): string => randomBytes(24).toString('base64url');

export async function openConsentDesk(rooms: Rooms): Promise<ConsentDesk> {
  const { crib, operator } = rooms;
  const ctx = rooms.as();
  const flow = crib.connectFlow;
  const { organizationId } = operator;
  await updateOrganization(ctx, organizationId, { callbackUrls: [callback] });
  let count = 0;
  const desk: ConsentDesk = {
    rooms,
    flow,
    async connector(server, { app = true, more = {} } = {}) {
      const slug = `harbour_${(count += 1)}`;
      await releaseConnector(ctx, connectorOf(slug, server, more));
      if (app) {
        const clientSecret = new Plaintext('toolcrib-secret');
        await createOAuthClient(ctx, { connectorSlug: slug, clientId: 'toolcrib', clientSecret });
      }
      return slug;
    },
    connection: (connector, method = 'oauth2') =>
      connectCatalog(ctx, { connector, method, credential: null }),
    user: (company) =>
      createUser(ctx, {
        originUserId: `user-${(count += 1)}`,
        originUserName: `User ${count}`,
        group: company === undefined ? null : { originCompanyId: company, originCompanyName: company },
      }),
    link: (connection, wish = {}) =>
      issueLink(ctx, operator, {
        connectionId: connection.id,
        owner: { type: 'organization', id: organizationId },
        userId: null,
        packId: null,
        authScope: null,
        callbackUrl: null,
        state: null,
        ...wish,
      }),
    credentials: (connection) =>
      crib.database.transaction({ organizationId }, (tx) =>
        findCredentials(tx, organizationId, { connectionId: connection.id }),
      ),
    async consent(server, token, browser) {
      const { redirectTo } = await flow.begin(token, browser);
      return server.authorize(redirectTo);
    },
    async connectAccount(server, token, browser = newBrowser()) {
      await flow.open(token, browser);
      const step = await flow.takeAnswer(await desk.consent(server, token, browser), browser);
      return step.kind === 'confirm' ? flow.confirm(token, browser, true) : step;
    },
    audit: (action) =>
      crib.database.transaction({ organizationId }, async (tx) => {
        const { rows } = await sql<{ outcome: string; changes: Record<string, unknown> }>`
          select outcome, changes from audit_rows where action = ${action} order by seq desc`.execute(
          tx.kysely,
        );
        return rows;
      }),
  };
  return desk;
}

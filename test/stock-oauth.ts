import assert from 'node:assert/strict';
import { change } from '../src/access/index.ts';
import {
  findConnection,
  flipConnection,
  refreshDueAt,
  type ConnectionsCtx,
} from '../src/connections/index.ts';
import type { OAuthGrant, OAuthServer } from '../src/drivers/index.ts';
import { Plaintext, putCredential, type Credential, type Owner } from '../src/vault/index.ts';
import type { RotatingServer } from './fakes/rotating-server.ts';

type Answer = { status: number; text: string; json: { [key: string]: never } };
/** A server, or a world. */
type Asked = {
  ask(
    method: string,
    path: string,
    request: { key?: string; body?: unknown },
  ): Promise<{ status: number; text: string; json: unknown }>;
};

/** A service behind an authorization server, connected and packed; nobody has signed in to it yet. */
export type OAuthStock = {
  connectionId: string;
  slug: string;
  packId: string;
  runtime: string;
  /** Calls a tool as the pack's agent. */
  call(on?: Asked, tool?: string, more?: { key?: string; pack?: string }): Promise<Answer>;
};

/** The API of a fake authorization server: `read_thing` reads, `write_thing` writes. */
export function thingsDocument(url: string): object {
  const responses = { 200: { description: 'ok' } };
  return {
    openapi: '3.1.0',
    info: { title: 'Things', version: '1' },
    servers: [{ url }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    security: [{ token: [] }],
    paths: {
      '/api/things': {
        get: { operationId: 'read_thing', responses },
        post: { operationId: 'write_thing', responses },
      },
    },
  };
}

/** Connects the server's API by the product's own API and puts it on the counter. */
export async function stockOAuth(
  on: Asked,
  admin: string,
  service: { url: string },
  options: { name?: string; authScope?: 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION' } = {},
): Promise<OAuthStock> {
  const { name = 'things', authScope = 'ORGANIZATION' } = options;
  const post = async (path: string, body: unknown): Promise<Record<string, never>> => {
    const answer = await on.ask('POST', path, { key: admin, body });
    assert.equal(answer.status, 201, `${path}: ${answer.text}`);
    return (answer.json as { data: Record<string, never> }).data;
  };
  const connection = await post('/v1/connections', {
    kind: 'openapi',
    nickname: name,
    document: thingsDocument(service.url),
  });
  const slug: string = connection['slug'] ?? name;
  const entries = [{ slug, auth_scope: authScope }];
  const pack = await post('/v1/packs', { name, entries });
  const key = await post('/v1/keys', { name, scopes: ['runtime:all'], pack_ids: [pack['id']] });
  const runtime: string = key['key'] ?? '';
  return {
    connectionId: connection['id'] ?? '',
    slug,
    packId: pack['id'] ?? '',
    runtime,
    async call(other = on, tool = 'read_thing', more = {}) {
      const body = { pack: more.pack ?? name, tool: `${slug}__${tool}`, arguments: {} };
      const answer = await other.ask('POST', '/v1/calls', { key: more.key ?? runtime, body });
      return answer as Answer;
    },
  };
}

/** The fake as a connector file would say it. */
export const serverOf = (fake: Pick<RotatingServer, 'issuer'> & { tokenUrl?: string }): OAuthServer => ({
  issuer: fake.issuer,
  authorizationUrl: `${fake.issuer}/authorize`,
  tokenUrl: fake.tokenUrl ?? `${fake.issuer}/token`,
  revocationUrl: null,
  registrationUrl: null,
  sendsIssuer: true,
  pkce: true,
  clientAuths: ['client_secret_basic'],
  takesMetadataDocument: false,
  scopes: [],
  resource: null,
  authorizationParams: {},
  tokenParams: {},
  tokenPaths: {},
  marginSeconds: 300,
});

type Text = string | Plaintext;
export type HadTokens = { accessToken: Text; refreshToken?: Text | null };

const kept = (text: Text): Plaintext => (typeof text === 'string' ? new Plaintext(text) : text);

/** Stores tokens as a way through the connect page would have. */
export async function signIn(
  ctx: ConnectionsCtx,
  connectionId: string,
  had: HadTokens,
  more: {
    server: OAuthServer;
    owner?: Owner;
    expiresAt?: Date | null;
    refreshDueAt?: Date | null;
    grant?: OAuthGrant['grant'];
  },
): Promise<Credential> {
  const { organizationId } = ctx.caller.principal;
  const now = ctx.clock.now();
  const { expiresAt = new Date(now.getTime() + 3_600_000), grant = 'authorization_code' } = more;
  const { marginSeconds } = more.server;
  const stored = await change(ctx, 'credential.set', async (tx) => {
    const connection = await findConnection(tx, organizationId, { id: connectionId }, true);
    assert.ok(connection);
    const client = {
      clientId: 'toolcrib',
      auth: 'client_secret_basic' as const,
      secretId: await ctx.vault.keep(tx, organizationId, new Plaintext('toolcrib-secret')),
    };
    const oauth: OAuthGrant = { grant, server: more.server, client };
    const { refreshToken } = had;
    const renews = grant === 'client_credentials' || Boolean(refreshToken);
    const due = renews ? refreshDueAt({ expiresAt, now, marginSeconds }) : null;
    const credential = await putCredential(tx, ctx, organizationId, {
      connectionId,
      owner: more.owner ?? { type: 'organization', id: organizationId },
      origin: new URL(connection.address).origin,
      method: { type: 'mcp_oauth' },
      fields: {
        access_token: kept(had.accessToken),
        ...(refreshToken ? { refresh_token: kept(refreshToken) } : {}),
      },
      oauth,
      expiresAt,
      refreshDueAt: more.refreshDueAt === undefined ? due : more.refreshDueAt,
    });
    if (credential.owner.type === 'organization') {
      await flipConnection(tx, ctx, connection, { status: 'connected', reason: null });
    }
    const target = { type: 'credential', id: credential.id };
    return { result: credential, target, changes: { connection: connection.slug } };
  });
  await ctx.drivers.forget(connectionId);
  return stored;
}

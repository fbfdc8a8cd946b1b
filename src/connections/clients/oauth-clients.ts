import { authorize, change, read, type Ctx, type Principal } from '../../access/index.ts';
import type { Catalog } from '../../connectors/index.ts';
import {
  Fault,
  isUniqueViolation,
  newId,
  notFound,
  type Listed,
  type ListPage,
  type Tx,
} from '../../kernel/index.ts';
import { endGrants, repointGrants, type Plaintext, type Vault } from '../../vault/index.ts';
import { appUse } from './app-use.ts';
import { redirectUriOf } from './client-metadata.ts';
import {
  deleteOAuthClientRow,
  findApp,
  insertOAuthClient,
  listApps,
  updateOAuthClientRow,
  type OAuthClientRow,
} from './oauth-client-store.ts';

export type OAuthClientsCtx = Ctx & { vault: Vault; catalog: Catalog; publicUrl: string };

/** The organization's own app at a service: what it registered there. The secret is never shown again. */
export type OAuthClientRecord = {
  id: string;
  connectorSlug: string;
  clientId: string;
  hasSecret: boolean;
  externalId: string | null;
  /** The address to register at the service, letter for letter. */
  redirectUri: string;
  createdAt: Date;
  updatedAt: Date;
};

const recordOf = (ctx: { publicUrl: string }, row: OAuthClientRow): OAuthClientRecord => ({
  id: row.oauth_client_id,
  connectorSlug: row.connector_slug!,
  clientId: row.client_id,
  hasSecret: row.secret_id !== null,
  externalId: row.external_id,
  redirectUri: redirectUriOf(ctx.publicUrl),
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** An app serves every connection of its connector, whoever's: no key of some of them may see or change it. */
function authorizeApps(principal: Principal): void {
  authorize(principal, 'credentials:write');
  if (principal.packIds || principal.userIds || principal.workspaceIds) {
    throw new Fault(
      'forbidden',
      'This key is bound to a part of the organization; its OAuth apps are everybody’s.',
    );
  }
}

/** Fault `invalid` for a connector that does not sign in with an app, `conflict` code `oauth_client_taken` for a second one of the same external id. */
export async function createOAuthClient(
  ctx: OAuthClientsCtx,
  input: {
    connectorSlug: string;
    clientId: string;
    clientSecret?: Plaintext | null;
    externalId?: string | null;
  },
): Promise<OAuthClientRecord> {
  const { principal } = ctx.caller;
  authorizeApps(principal);
  const { organizationId } = principal;
  const now = ctx.clock.now();
  try {
    return await change(ctx, 'oauth_client.created', async (tx) => {
      const { auth, origin } = await appUse(tx, ctx, input.connectorSlug);
      const secret = input.clientSecret ?? null;
      const row = await insertOAuthClient(tx, {
        organization_id: organizationId,
        oauth_client_id: newId<'oauth_client'>(),
        connector_slug: input.connectorSlug,
        registration: 'given',
        issuer: origin,
        client_id: input.clientId,
        secret_id: secret && (await ctx.vault.keep(tx, organizationId, secret)),
        client_auth: secret ? auth : 'none',
        redirect_uri: redirectUriOf(ctx.publicUrl),
        external_id: input.externalId ?? null,
        created_at: now,
        updated_at: now,
      });
      return { result: recordOf(ctx, row), target: targetOf(row), changes: saidOf(row) };
    });
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
}

/** Changes an app. A new secret serves what was connected before; a new client id cannot, and those accounts have to be connected again. */
export async function updateOAuthClient(
  ctx: OAuthClientsCtx,
  id: string,
  input: { clientId?: string; clientSecret?: Plaintext | null; externalId?: string | null },
): Promise<OAuthClientRecord> {
  const { principal } = ctx.caller;
  authorizeApps(principal);
  const { organizationId } = principal;
  try {
    return await change(ctx, 'oauth_client.updated', async (tx) => {
      const before = await findApp(tx, organizationId, id, true);
      if (!before) throw notFound();
      const isOther = input.clientId !== undefined && input.clientId !== before.client_id;
      const secrets = await secretsFor(tx, ctx, before, input.clientSecret, isOther);
      const set = {
        ...(isOther ? { client_id: input.clientId } : {}),
        ...secrets.set,
        ...(input.externalId !== undefined && input.externalId !== before.external_id
          ? { external_id: input.externalId }
          : {}),
      };
      const target = targetOf(before);
      if (Object.keys(set).length === 0) return { result: recordOf(ctx, before), target, changes: null };
      const row = await updateOAuthClientRow(tx, organizationId, id, { ...set, updated_at: ctx.clock.now() });
      const old = { clientId: before.client_id, secretId: before.secret_id };
      if (isOther) await endGrants(tx, organizationId, old);
      else if (secrets.replaces) {
        const fresh = { secretId: row.secret_id, auth: row.client_auth };
        await repointGrants(tx, organizationId, old, fresh, row.issuer);
      }
      await ctx.vault.discard(tx, organizationId, secrets.dropped);
      const changes = { ...saidOf(row), secret: secrets.replaces ? 'replaced' : 'kept' };
      return { result: recordOf(ctx, row), target, changes };
    });
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
}

/** Absent keeps the secret, unless it was another client's; null takes it away. */
async function secretsFor(
  tx: Tx,
  ctx: OAuthClientsCtx,
  before: OAuthClientRow,
  wished: Plaintext | null | undefined,
  isOtherClient: boolean,
): Promise<{ set: Partial<OAuthClientRow>; replaces: boolean; dropped: readonly string[] }> {
  if (wished === undefined && !isOtherClient) return { set: {}, replaces: false, dropped: [] };
  if (wished === null && before.secret_id === null) return { set: {}, replaces: false, dropped: [] };
  const dropped = before.secret_id ? [before.secret_id] : [];
  const { auth, origin } = await appUse(tx, ctx, before.connector_slug!);
  // Given anew, it is for the server that the connector names now.
  const issuer = origin ?? (isOtherClient ? null : before.issuer);
  if (!wished) return { set: { secret_id: null, client_auth: 'none', issuer }, replaces: true, dropped };
  const secretId = await ctx.vault.keep(tx, before.organization_id, wished);
  return { set: { secret_id: secretId, client_auth: auth, issuer }, replaces: true, dropped };
}

/** Deletes an app. What was connected with it is good until its tokens run out. */
export async function deleteOAuthClient(ctx: OAuthClientsCtx, id: string): Promise<void> {
  const { principal } = ctx.caller;
  authorizeApps(principal);
  const { organizationId } = principal;
  await change(ctx, 'oauth_client.deleted', async (tx) => {
    const before = await findApp(tx, organizationId, id, true);
    if (!before) throw notFound();
    await endGrants(tx, organizationId, { clientId: before.client_id, secretId: before.secret_id });
    await deleteOAuthClientRow(tx, organizationId, id);
    if (before.secret_id) await ctx.vault.discard(tx, organizationId, [before.secret_id]);
    return { result: undefined, target: targetOf(before), changes: saidOf(before) };
  });
}

export async function getOAuthClient(ctx: OAuthClientsCtx, id: string): Promise<OAuthClientRecord> {
  const { principal } = ctx.caller;
  authorizeApps(principal);
  const row = await read(ctx, (tx) => findApp(tx, principal.organizationId, id));
  if (!row) throw notFound();
  return recordOf(ctx, row);
}

export async function listOAuthClients(
  ctx: OAuthClientsCtx,
  filter: { connectorSlug?: string },
  page: ListPage,
): Promise<Listed<OAuthClientRecord>> {
  const { principal } = ctx.caller;
  authorizeApps(principal);
  const listed = await read(ctx, (tx) => listApps(tx, principal.organizationId, filter, page));
  return { ...listed, rows: listed.rows.map((row) => recordOf(ctx, row)) };
}

const targetOf = (row: OAuthClientRow) => ({ type: 'oauth_client', id: row.oauth_client_id });

const saidOf = (row: OAuthClientRow) => ({
  connector: row.connector_slug,
  client_id: row.client_id,
  external_id: row.external_id,
});

const taken = (): Fault =>
  new Fault('conflict', 'There is an OAuth app for this connector with the same external id.', {
    code: 'oauth_client_taken',
  });

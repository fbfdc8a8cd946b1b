import { holdSlugs } from '../access/index.ts';
import { newId, type Tx } from '../kernel/index.ts';
import { listConnectors, type AuthMethod } from '../connectors/index.ts';
import { Plaintext, putCredential } from '../vault/index.ts';
import type { Connection, ConnectionKind, ConnectionMetadata } from './connection.ts';
import { connectionSlug, freeSlug } from './connection-slug.ts';
import type { ConnectionsCtx } from './ctx.ts';
import type { CredentialFields } from './sign-in.ts';
import { isSynced, syncDueAt } from './sync-due.ts';
import { insertConnection, takenSlugs } from './store.ts';

export type NewConnection = {
  workspaceId: string;
  kind: ConnectionKind;
  /** Null: as the connection's own slug (an imported document is its own connector). */
  connectorSlug: string | null;
  connectorVersion: number | null;
  nickname: string;
  address: string;
  config?: Readonly<Record<string, unknown>>;
  auth: AuthMethod;
  localOrigin: string | null;
  /** Query members and headers of the connection itself, sealed together. */
  query?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
  credential: CredentialFields | null;
  metadata?: ConnectionMetadata;
  isSample?: boolean;
};

/** Writes a connection with its sealed parts and the organization's credential, inside the caller's transaction. */
export async function placeConnection(
  tx: Tx,
  ctx: ConnectionsCtx,
  input: NewConnection,
): Promise<Connection> {
  const { organizationId } = ctx.caller.principal;
  const now = ctx.clock.now();
  await holdSlugs(tx, organizationId);
  const stem = connectionSlug(input.nickname);
  const taken = new Set(await takenSlugs(tx, organizationId, stem));
  if (input.connectorSlug === null) {
    // An imported document becomes a connector of this slug, and must not stand before another one.
    const entries = await listConnectors(tx, ctx.catalog, organizationId);
    for (const { file } of entries) taken.add(file.slug);
  }
  const slug = freeSlug(stem, taken);
  const query = input.query ?? {};
  const headers = input.headers ?? {};
  const sealsOwn = Object.keys(query).length + Object.keys(headers).length > 0;
  const sealedSecretId = sealsOwn
    ? await ctx.vault.keep(tx, organizationId, new Plaintext(JSON.stringify({ query, headers })))
    : null;
  const signedIn = input.auth.type === 'none' || input.credential !== null;
  const connection = await insertConnection(tx, {
    organization_id: organizationId,
    connection_id: newId(),
    workspace_id: input.workspaceId,
    kind: input.kind,
    connector_slug: input.connectorSlug ?? slug,
    connector_version: input.connectorVersion,
    nickname: input.nickname,
    nickname_slug: slug,
    address: input.address,
    config: JSON.stringify(input.config ?? {}),
    auth: JSON.stringify(input.auth),
    local_origin: input.localOrigin,
    sealed_secret_id: sealedSecretId,
    status: signedIn ? 'connected' : 'pending',
    status_reason: null,
    tools_status: 'pending',
    tools_synced_at: null,
    new_tools_off: false,
    is_active: true,
    is_sample: input.isSample ?? false,
    created_by: `${ctx.caller.principal.type}:${ctx.caller.principal.id}`,
    sync_due_at: isSynced(input) ? syncDueAt(now) : null,
    metadata: JSON.stringify({
      ...input.metadata,
      ...(Object.keys(query).length > 0 ? { query: Object.keys(query) } : {}),
      ...(Object.keys(headers).length > 0 ? { headers: Object.keys(headers) } : {}),
    }),
    connected_at: signedIn ? now : null,
    created_at: now,
    updated_at: now,
  });
  if (input.credential && input.auth.type !== 'none') {
    await putCredential(tx, ctx, organizationId, {
      connectionId: connection.id,
      owner: { type: 'organization', id: organizationId },
      origin: new URL(connection.address).origin,
      method: input.auth,
      fields: input.credential,
    });
  }
  return connection;
}

/** What the audit says of a new connection. */
export function saidOf(connection: Connection): Record<string, unknown> {
  return {
    slug: connection.slug,
    kind: connection.kind,
    connector: connection.connectorSlug,
    address: connection.address,
    auth: connection.auth.type,
    local_origin: connection.localOrigin,
  };
}

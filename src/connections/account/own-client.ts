import { findOrganization } from '../../access/index.ts';
import type { AuthMethod } from '../../connectors/index.ts';
import { bodyProblem, newId, parseId, type JsonPath, type Problem, type Tx } from '../../kernel/index.ts';
import { endGrants, referToVaultSecret, repointGrants } from '../../vault/index.ts';
import { redirectUriOf } from '../clients/client-metadata.ts';
import { givenAt, tokenOriginOf } from '../clients/given-client.ts';
import {
  deleteOAuthClientRow,
  givenClients,
  insertOAuthClient,
  updateOAuthClientRow,
  type OAuthClientRow,
} from '../clients/oauth-client-store.ts';
import type { Connection } from '../connection.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import type { SignInAt } from '../consent/sign-in-at.ts';
import { keepsSecretOf, type OwnClientWish } from './account-wish.ts';
import { authorizeSecrets } from './authorize-secrets.ts';
import { noSuchSecret } from './refer.ts';

/** An OAuth app of a connection's own, as it is shown. */
export type OwnClient = Required<OwnClientWish>;

export const ownClientOf = (row: OAuthClientRow | undefined): OwnClient | null =>
  row
    ? {
        clientId: row.client_id,
        clientSecretVaultId: row.secret_vault_id,
        callbackUrl: row.callback_url,
        scopesOverride: row.scopes_override,
      }
    : null;

/** What is to become of a connection's own client; null: nothing. `secretId` undefined keeps the secret it has. */
export type ClientPlan =
  | { drop: OAuthClientRow }
  | { before: OAuthClientRow | undefined; wish: OwnClientWish; secretId: string | null | undefined };

type Ctx = Pick<ConnectionsCtx, 'caller' | 'vault' | 'clock' | 'publicUrl'>;

/** Reads a wish against what there is, and changes nothing. */
export async function planOwnClient(
  tx: Tx,
  ctx: Ctx,
  at: SignInAt,
  wish: OwnClientWish | null | undefined,
  path: JsonPath,
): Promise<{ plan: ClientPlan | null; problems: readonly Problem[] }> {
  const { connection, method } = at;
  const { organizationId, id } = connection;
  if (wish === undefined) return { plan: null, problems: [] };
  const before = (await givenClients(tx, organizationId, [id])).get(id);
  if (wish === null && !before) return { plan: null, problems: [] };
  if (wish === null) {
    authorizeSecrets(ctx);
    return { plan: { drop: before! }, problems: [] };
  }
  const named = wish.clientSecretVaultId ?? null;
  const vaultId = named && (parseId(named) ?? named);
  const keepsSecret = before !== undefined && keepsSecretOf(before, wish);
  if (keepsSecret && isAsWished(before, wish) && !isForAnother(before, at))
    return { plan: null, problems: [] };
  authorizeSecrets(ctx);
  const found = vaultId === null || keepsSecret ? null : await secretAt(tx, connection, vaultId);
  const problems = [
    ...(takesClient(method)
      ? []
      : [bodyProblem('value_error', path, 'This sign-in method needs no client.')]),
    ...(vaultId !== null && !keepsSecret && !found
      ? [noSuchSecret([...path, 'client_secret_vault_id'])]
      : []),
    ...(keepsSecret && vaultId === null && before.secret_id !== null && isForAnother(before, at)
      ? [secretStays(before, [...path, 'client_secret_vault_id'])]
      : []),
    ...(await callbackProblems(tx, ctx, connection, wish, path)),
    ...scopeProblems(wish.scopesOverride ?? [], [...path, 'scopes_override']),
  ];
  const secretId = keepsSecret ? undefined : (found?.secretId ?? null);
  return { plan: { before, wish: { ...wish, clientSecretVaultId: vaultId }, secretId }, problems };
}

const isAsWished = (before: OAuthClientRow, { callbackUrl, scopesOverride }: OwnClientWish): boolean =>
  before.callback_url === (callbackUrl ?? null) &&
  JSON.stringify(before.scopes_override) === JSON.stringify(scopesOverride ?? null);

/** The connection's settings name another server by now than the one its client was given for. */
const isForAnother = ({ issuer }: OAuthClientRow, at: SignInAt): boolean =>
  issuer !== null && issuer !== (issuerAt(at) ?? issuer);

/** What came with the client itself, in a request that was not a reference, was given for one server. */
const secretStays = ({ issuer }: OAuthClientRow, path: JsonPath): Problem =>
  bodyProblem(
    'value_error',
    path,
    `The client’s secret was given for ${issuer} and is sent to no other server: keep it as a secret of its own and refer to that.`,
  );

const takesClient = ({ type }: AuthMethod): boolean =>
  type === 'oauth2' || type === 'oauth2_client_credentials' || type === 'mcp_oauth';

const secretAt = async (tx: Tx, { organizationId, workspaceId }: Connection, named: string) => {
  const id = parseId(named);
  return id === null ? null : referToVaultSecret(tx, organizationId, id, workspaceId);
};

/** Codes come to our own address alone; another one is where the person is sent on to when it is done. */
async function callbackProblems(
  tx: Tx,
  ctx: Ctx,
  { organizationId }: Connection,
  { callbackUrl }: OwnClientWish,
  path: JsonPath,
): Promise<readonly Problem[]> {
  if (callbackUrl == null || callbackUrl === redirectUriOf(ctx.publicUrl)) return [];
  const organization = await findOrganization(tx, { id: organizationId });
  if (((organization?.callback_urls ?? []) as string[]).includes(callbackUrl)) return [];
  const message =
    'The address is neither ours nor one of the organization’s callback_urls, letter for letter.';
  return [bodyProblem('value_error', [...path, 'callback_url'], message, { input: callbackUrl })];
}

/** RFC 6749, 3.3. */
const scopeForm = /^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/;

const scopeProblems = (scopes: readonly string[], path: JsonPath): readonly Problem[] =>
  scopes.flatMap((scope, index) =>
    scopeForm.test(scope)
      ? []
      : [bodyProblem('value_error', [...path, index], 'This is not a scope.', { input: scope })],
  );

/** Does what was planned. What was connected with a client that goes is good until its tokens run out. */
export async function writeOwnClient(tx: Tx, ctx: Ctx, at: SignInAt, plan: ClientPlan): Promise<void> {
  const { connection, method } = at;
  const { organizationId } = connection;
  if ('drop' in plan) return dropClient(tx, ctx, plan.drop);
  const { before, wish, secretId } = plan;
  const copied = secretId && (await ctx.vault.copy(tx, organizationId, secretId, { from: null, to: null }));
  const kept = secretId === undefined ? (before?.secret_id ?? null) : (copied ?? null);
  const now = ctx.clock.now();
  const named = { file: at.file, config: connection.config };
  const set = {
    client_id: wish.clientId,
    secret_id: kept,
    client_auth: kept ? givenAt(method, named).auth : ('none' as const),
    secret_vault_id: wish.clientSecretVaultId ?? null,
    callback_url: wish.callbackUrl ?? null,
    scopes_override: wish.scopesOverride ? [...wish.scopesOverride] : null,
    // Named anew it is for the server that is named now; else whom it is for is said when it is first used.
    issuer: issuerAt(at) ?? (secretId === undefined ? (before?.issuer ?? null) : null),
    updated_at: now,
  };
  if (!before) {
    await insertOAuthClient(tx, {
      organization_id: organizationId,
      oauth_client_id: newId<'oauth_client'>(),
      connection_id: connection.id,
      registration: 'given',
      redirect_uri: redirectUriOf(ctx.publicUrl),
      created_at: now,
      ...set,
    });
    return;
  }
  await updateOAuthClientRow(tx, organizationId, before.oauth_client_id, set);
  const old = { clientId: before.client_id, secretId: before.secret_id };
  // Grants go on to the server they were had from: a secret that is for another one is not sent there.
  const isMoved = isForAnother(before, at) && before.secret_id !== kept;
  if (before.client_id !== wish.clientId || isMoved) await endGrants(tx, organizationId, old);
  else if (before.secret_id !== kept) {
    await repointGrants(tx, organizationId, old, { secretId: kept, auth: set.client_auth });
  }
  if (before.secret_id && before.secret_id !== kept) {
    await ctx.vault.discard(tx, organizationId, [before.secret_id]);
  }
}

const issuerAt = ({ connection, method, file }: SignInAt): string | null =>
  tokenOriginOf(method, { file, config: connection.config });

async function dropClient(tx: Tx, ctx: Ctx, row: OAuthClientRow): Promise<void> {
  const { organization_id: organizationId } = row;
  await endGrants(tx, organizationId, { clientId: row.client_id, secretId: row.secret_id });
  await deleteOAuthClientRow(tx, organizationId, row.oauth_client_id);
  if (row.secret_id) await ctx.vault.discard(tx, organizationId, [row.secret_id]);
}

import {
  authorize,
  change,
  findCompany,
  findUser,
  mayActFor,
  mayUseWorkspace,
  read,
  type Ctx,
  type Principal,
} from '../access/index.ts';
import {
  bodyProblem,
  cutPage,
  Fault,
  invalid,
  notFound,
  type Page,
  type Position,
  type Tx,
} from '../kernel/index.ts';
import type { Drivers } from '../drivers/index.ts';
import {
  findCredentials,
  putCredential as storeCredential,
  type Credential,
  type Owner,
  type Vault,
} from '../vault/index.ts';
import type { Connection } from './connection.ts';
import { connectAnew, flipConnection } from './flip-connection.ts';
import type { ConnectionHooks } from './hooks.ts';
import { removeAccounts } from './revoke/remove-accounts.ts';
import { runRevocation } from './revoke/run-revocation.ts';
import { checkCredentialFields, type CredentialFields } from './sign-in.ts';
import { findConnection, findConnectionsById } from './store.ts';

export type CredentialsCtx = Ctx & { vault: Vault; drivers: Drivers; connectionHooks: ConnectionHooks };

/** A credential with its connection, so that a list can say what it is for. */
export type NamedCredential = Credential & { connection: Connection };

/**
 * Sets what a connection signs in with for one owner; an older one is shredded. It is bound to the
 * connection's origin and travels nowhere else. Fault `invalid` for a wrong connection, owner or field.
 */
export async function putCredential(
  ctx: CredentialsCtx,
  input: {
    /** Slug or id. */
    connection: { id: string } | { slug: string };
    owner: { type: 'organization' | 'company' | 'user'; id: string | null };
    fields: CredentialFields;
  },
): Promise<NamedCredential> {
  const { principal } = ctx.caller;
  authorize(principal, 'credentials:write');
  const { organizationId } = principal;
  const { stored, revocation } = await change(ctx, 'credential.set', async (tx) => {
    const connection = await findConnection(tx, organizationId, input.connection, true);
    if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) {
      throw invalid(bodyProblem('value_error', ['connection'], 'No such connection in this organization.'));
    }
    if (connection.kind === 'stdio' || connection.auth.type === 'none') {
      throw invalid(
        bodyProblem('value_error', ['connection'], 'This connection has nothing to sign in with.'),
      );
    }
    checkCredentialFields(connection.auth, input.fields, ['fields']);
    const owner = await ownerOf(tx, ctx, input.owner);
    const { revocation: leaving } = await removeAccounts(tx, ctx, connection, { owner });
    const credential = await storeCredential(tx, ctx, organizationId, {
      connectionId: connection.id,
      owner,
      origin: new URL(connection.address).origin,
      method: connection.auth,
      fields: input.fields,
    });
    const after = owner.type === 'organization' ? await connectAnew(tx, ctx, connection) : connection;
    return {
      result: { stored: { ...credential, connection: after }, revocation: leaving },
      target: { type: 'credential', id: credential.id },
      changes: { connection: connection.slug, owner: `${owner.type}:${owner.id}`, fields: credential.fields },
    };
  });
  await ctx.drivers.forget(stored.connectionId);
  await runRevocation(ctx, organizationId, revocation);
  return stored;
}

async function ownerOf(
  tx: Tx,
  ctx: CredentialsCtx,
  owner: { type: 'organization' | 'company' | 'user'; id: string | null },
): Promise<Owner> {
  const { principal } = ctx.caller;
  const { organizationId } = principal;
  const wrong = (message: string): Fault => invalid(bodyProblem('value_error', ['owner', 'id'], message));
  switch (owner.type) {
    case 'organization':
      if (owner.id !== null && owner.id !== organizationId) throw wrong('The organization is the key’s own.');
      assertSpeaksForAll(principal);
      return { type: 'organization', id: organizationId };
    case 'company': {
      assertSpeaksForAll(principal);
      const company =
        owner.id === null
          ? undefined
          : ((await findCompany(tx, organizationId, { originId: owner.id })) ??
            (isUuid(owner.id) ? await findCompany(tx, organizationId, { id: owner.id }) : undefined));
      if (!company) throw wrong('No such company in this organization.');
      return { type: 'company', id: company.company_id };
    }
    case 'user': {
      const user =
        owner.id !== null && isUuid(owner.id) && mayActFor(principal, owner.id)
          ? await findUser(tx, organizationId, owner.id)
          : undefined;
      if (!user) throw wrong('No such registered user in this organization.');
      return { type: 'user', id: user.user_id };
    }
  }
}

/** What an organization or a company signs in with serves every user and every pack. */
export function assertSpeaksForAll(principal: Principal): void {
  if (principal.userIds) throw new Fault('forbidden', 'This key is bound to its registered users.');
  if (principal.packIds) throw new Fault('forbidden', 'This key is bound to its packs.');
}

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);

/** The organization's credentials, newest first: names and owners, never values. */
export async function listCredentials(
  ctx: Ctx,
  page: { limit: number; after: Position | null },
): Promise<Page<NamedCredential>> {
  const { principal } = ctx.caller;
  authorize(principal, 'credentials:write');
  const { organizationId } = principal;
  return read(ctx, async (tx) => {
    const credentials = await findCredentials(tx, organizationId, {});
    const connections = await findConnectionsById(tx, organizationId, [
      ...new Set(credentials.map((credential) => credential.connectionId)),
    ]);
    const visible = credentials
      .flatMap((credential) => {
        const connection = connections.get(credential.connectionId);
        return connection ? [{ ...credential, connection }] : [];
      })
      .filter(
        ({ connection, owner }) =>
          mayUseWorkspace(principal, connection.workspaceId) && maySeeOwner(ctx, owner),
      );
    return cutPage(visible, page, newestFirst);
  });
}

/** Counts down as time goes on, so that newer sorts first. */
const newestFirst = ({ createdAt, id }: Credential): string =>
  `${String(9e15 - createdAt.getTime()).padStart(16, '0')}${invertHex(id)}`;

const invertHex = (id: string): string =>
  id.replaceAll(/[0-9a-f]/g, (digit) => (15 - Number.parseInt(digit, 16)).toString(16));

const maySeeOwner = (ctx: Ctx, owner: Owner): boolean =>
  owner.type === 'user'
    ? mayActFor(ctx.caller.principal, owner.id)
    : ctx.caller.principal.userIds === null && ctx.caller.principal.packIds === null;

/**
 * Shreds one credential by id, or a registered user's for one connection, and revokes its tokens at the service where
 * that can be done. Fault `not_found` when there is none.
 */
export async function deleteCredential(
  ctx: CredentialsCtx,
  which: { id: string } | { connectionSlug: string; userId: string },
): Promise<void> {
  const { principal } = ctx.caller;
  authorize(principal, 'credentials:write');
  const { organizationId } = principal;
  const { connectionId, revocation } = await change(ctx, 'credential.deleted', async (tx) => {
    const filter =
      'id' in which
        ? { credentialId: which.id }
        : {
            connectionId: (await findConnection(tx, organizationId, { slug: which.connectionSlug }))?.id,
            owner: { type: 'user' as const, id: which.userId },
          };
    if ('connectionId' in filter && !filter.connectionId) throw notFound();
    const [found] = await findCredentials(tx, organizationId, filter);
    const connection = found && (await findConnection(tx, organizationId, { id: found.connectionId }, true));
    // The connection is held from here on; a credential that was replaced meanwhile is gone.
    const [still] = found ? await findCredentials(tx, organizationId, { credentialId: found.id }) : [];
    if (
      !still ||
      !connection ||
      !maySeeOwner(ctx, still.owner) ||
      !mayUseWorkspace(principal, connection.workspaceId)
    ) {
      throw notFound();
    }
    const { revocation: leaving } = await removeAccounts(tx, ctx, connection, { credentialId: found.id });
    if (found.owner.type === 'organization') {
      await flipConnection(tx, ctx, connection, { status: 'pending', reason: null });
    }
    return {
      result: { connectionId: connection.id, revocation: leaving },
      target: { type: 'credential', id: found.id },
      changes: {
        connection: connection.slug,
        owner: `${found.owner.type}:${found.owner.id}`,
        tokens: leaving === null ? 'shredded' : 'being revoked',
      },
    };
  });
  await ctx.drivers.forget(connectionId);
  await runRevocation(ctx, organizationId, revocation);
}

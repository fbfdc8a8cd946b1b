import {
  authorize,
  change,
  findUser,
  mayActFor,
  mayUsePack,
  mayUseWorkspace,
  read,
} from '../access/index.ts';
import {
  assertSpeaksForAll,
  defaultConnection,
  findConnection,
  issueLink,
  type Connection,
  type IssuedLink,
  type LinkInput,
} from '../connections/index.ts';
import { bodyProblem, Fault, invalid, notFound, type Tx } from '../kernel/index.ts';
import type { Owner } from '../vault/index.ts';
import { usualScope } from './link-current.ts';
import type { AuthScope } from './pack.ts';
import { homeWorkspace, type PacksCtx } from './resolve-wish.ts';
import { findPack, scopesOfConnection } from './store.ts';

export type UserLinkInput = LinkInput & {
  userId: string;
  /** Slug of a connection, or of a catalog connector: then its default connection, made on first use. */
  connectorSlug: string;
  packId?: string | null;
};

/**
 * A link by which a registered user connects an account, for the owner that the packs' auth scope says. Fault
 * `not_found` for a user outside of the key's, `invalid` code `invalid_company_for_shared_scope` for SHARED and a user
 * without a company, and where packs give the connector different scopes and none is named.
 */
export async function makeUserLink(
  ctx: PacksCtx,
  input: UserLinkInput,
): Promise<IssuedLink & { authScope: AuthScope }> {
  const { principal, requestId } = ctx.caller;
  authorize(principal, 'credentials:write');
  if (!mayActFor(principal, input.userId)) throw notFound();
  const { organizationId } = principal;
  const user = await read(ctx, (tx) => findUser(tx, organizationId, input.userId));
  if (!user) throw notFound();
  const connection = await connectionFor(ctx, input.connectorSlug);
  if (connection.kind === 'stdio' || connection.auth.type === 'none') {
    throw wrong('connector', 'This connector has nothing to sign in with.');
  }
  const packId = input.packId ?? null;
  const authScope = await read(ctx, (tx) => scopeFor(tx, ctx, connection, packId));
  if (authScope !== 'INDIVIDUAL') assertSpeaksForAll(principal);
  const link = await issueLink(
    ctx,
    principal,
    {
      connectionId: connection.id,
      owner: ownerFor(authScope, organizationId, { id: user.user_id, companyId: user.company_id }),
      userId: user.user_id,
      packId,
      authScope,
      callbackUrl: input.callbackUrl ?? null,
      state: input.state ?? null,
    },
    requestId,
  );
  return { ...link, authScope };
}

/** The connection of this slug, or the connector's default one. */
async function connectionFor(ctx: PacksCtx, slug: string): Promise<Connection> {
  const { principal } = ctx.caller;
  const { organizationId } = principal;
  const workspace = await homeWorkspace(ctx);
  return change(ctx, 'connection.created', async (tx) => {
    const existing =
      (await findConnection(tx, organizationId, { slug })) ??
      (await findConnection(tx, organizationId, { defaultOf: slug }));
    const connection = existing ?? (await defaultConnection(tx, ctx, slug, workspace.id));
    if (!connection || !mayUseWorkspace(principal, connection.workspaceId)) {
      throw wrong('connector', 'No connector of this slug can be connected.');
    }
    const changes = existing ? null : { slug: connection.slug, connector: connection.connectorSlug };
    return { result: connection, target: { type: 'connection', id: connection.id }, changes };
  });
}

async function scopeFor(
  tx: Tx,
  { caller: { principal } }: PacksCtx,
  connection: Connection,
  packId: string | null,
): Promise<AuthScope> {
  const { organizationId } = principal;
  if (packId !== null) {
    const pack = mayUsePack(principal, packId) ? await findPack(tx, organizationId, { id: packId }) : null;
    const entry = pack?.entries.find((candidate) => candidate.connection.id === connection.id);
    if (!entry) throw wrong('tool_pack_id', 'No tool pack of this id has this connector.');
    return entry.authScope;
  }
  if (principal.packIds) throw invalid(missing('This key is bound to packs: say which one the link is for.'));
  const scopes = await scopesOfConnection(tx, organizationId, connection.id);
  if (scopes.length > 1) {
    throw invalid(
      missing('Tool packs give this connector different auth scopes: say which one the link is for.'),
    );
  }
  return scopes[0] ?? usualScope;
}

function ownerFor(
  scope: AuthScope,
  organizationId: string,
  user: { id: string; companyId: string | null },
): Owner {
  switch (scope) {
    case 'ORGANIZATION':
      return { type: 'organization', id: organizationId };
    case 'INDIVIDUAL':
      return { type: 'user', id: user.id };
    case 'SHARED':
      if (user.companyId !== null) return { type: 'company', id: user.companyId };
      throw new Fault('invalid', 'The connector is shared by a company, and this user is in none.', {
        code: 'invalid_company_for_shared_scope',
        problems: [
          bodyProblem(
            'value_error',
            ['connector'],
            'The connector is shared by a company, and this user is in none.',
          ),
        ],
      });
  }
}

const missing = (message: string) => bodyProblem('missing', ['tool_pack_id'], message);

const wrong = (field: string, message: string): Fault =>
  invalid(bodyProblem('value_error', [field], message));

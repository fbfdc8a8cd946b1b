import { bodyProblem, Fault, invalid, isUniqueViolation, newId, notFound, type Tx } from '../kernel/index.ts';
import { appendAudit, startChain } from '../journal/index.ts';
import { change, read, type Ctx } from './change.ts';
import { hashKey, keyHint, newKeyText } from './key-text.ts';
import { authorize, authorizeOperator } from './principal.ts';
import {
  findOrganization,
  insertKey,
  insertOrganization,
  insertWorkspace,
  listOrganizations as listOrganizationRows,
  listWorkspaces as listWorkspaceRows,
  updateOrganization as updateOrganizationRow,
  type OrganizationRow,
  type WorkspaceRow,
} from './store.ts';

export type Organization = {
  id: string;
  slug: string;
  name: string;
  callbackUrls: readonly string[];
  createdAt: Date;
};
export type Workspace = { id: string; slug: string; name: string; createdAt: Date };

const organizationOf = (row: OrganizationRow): Organization => ({
  id: row.organization_id,
  slug: row.slug,
  name: row.name,
  callbackUrls: row.callback_urls as string[],
  createdAt: row.created_at,
});
const workspaceOf = (row: WorkspaceRow): Workspace => ({
  id: row.workspace_id,
  slug: row.slug,
  name: row.name,
  createdAt: row.created_at,
});

/** A slug made of a name: `Acme, Inc.` → `acme-inc`. */
export function slugOf(name: string, fallback: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48);
  return slug || fallback;
}

export type FoundingOptions = {
  slug: string;
  name: string;
  isOperator: boolean;
  /** The admin key's text where the operator chose it; generated otherwise. */
  adminKey?: string;
  now: Date;
  /** Makes the organization's sealing key; the vault's, passed in because it is a later room. */
  prepareVault: (tx: Tx, organizationId: string) => Promise<void>;
};

/** An organization with its chain, sealing key, first workspace and admin key: all or nothing. */
export async function foundOrganization(
  tx: Tx,
  options: FoundingOptions,
): Promise<{ organization: Organization; adminKey: string }> {
  const organizationId = newId<'organization'>();
  const created_at = options.now;
  await insertOrganization(tx, {
    organization_id: organizationId,
    slug: options.slug,
    name: options.name,
    callback_urls: '[]',
    is_operator: options.isOperator,
    created_at,
  });
  await startChain(tx, organizationId);
  await options.prepareVault(tx, organizationId);
  await insertWorkspace(tx, {
    organization_id: organizationId,
    workspace_id: newId(),
    slug: 'default',
    name: 'Default',
    created_at,
  });
  const adminKey = options.adminKey ?? newKeyText('admin');
  await insertAdminKey(tx, organizationId, adminKey, created_at);
  const row = await findOrganization(tx, { id: organizationId });
  return { organization: organizationOf(row!), adminKey };
}

/** An admin key: both `:all` scopes, no restriction, no expiry. */
export async function insertAdminKey(
  tx: Tx,
  organizationId: string,
  text: string,
  now: Date,
  name = 'Admin key',
): Promise<string> {
  const keyId = newId<'key'>();
  await insertKey(tx, {
    organization_id: organizationId,
    key_id: keyId,
    kind: 'admin',
    name,
    hash: hashKey(text),
    hint: keyHint(text),
    scopes: ['management:all', 'runtime:all'],
    pack_ids: null,
    user_ids: null,
    workspace_ids: null,
    parent_id: null,
    rate_per_minute: null,
    rate_per_hour: null,
    is_test: false,
    expires_at: null,
    revoked_at: null,
    created_at: now,
  });
  return keyId;
}

/** Makes an organization; the operator's alone. Answers its admin key once. Fault `conflict` for a taken slug. */
export async function createOrganization(
  ctx: Ctx & { prepareVault: FoundingOptions['prepareVault'] },
  input: { slug?: string; name: string },
): Promise<{ organization: Organization; adminKey: string }> {
  const { principal } = ctx.caller;
  authorizeOperator(principal);
  const slug = input.slug ?? slugOf(input.name, 'organization');
  try {
    // One transaction over two organizations: the new one's rows, and the operator's audit row that tells of them.
    return await ctx.database.transaction('system', async (tx) => {
      const founded = await foundOrganization(tx, {
        slug,
        name: input.name,
        isOperator: false,
        now: ctx.clock.now(),
        prepareVault: ctx.prepareVault,
      });
      await appendAudit(tx, ctx.clock, principal.organizationId, {
        actor: { type: principal.type, id: principal.id },
        action: 'organization.created',
        target: { type: 'organization', id: founded.organization.id },
        outcome: 'allowed',
        reason: null,
        requestId: ctx.caller.requestId,
        changes: { slug, name: input.name },
      });
      return founded;
    });
  } catch (error) {
    if (isUniqueViolation(error)) {
      throw new Fault('conflict', 'An organization of this slug exists.', { code: 'slug_taken' });
    }
    throw error;
  }
}

export async function listOrganizations(ctx: Ctx): Promise<readonly Organization[]> {
  authorizeOperator(ctx.caller.principal);
  return (await ctx.database.transaction('system', listOrganizationRows)).map(organizationOf);
}

/**
 * The organization a path names, by slug or id. Everybody but the operator sees only their own; the
 * operator sees all. An agent's key calls tools and does nothing else.
 */
export async function getOrganization(
  ctx: Ctx,
  named: { id: string } | { slug: string },
): Promise<Organization> {
  const { principal } = ctx.caller;
  if (principal.type === 'agent') authorize(principal, 'management:all');
  const row = await ctx.database.transaction('system', (tx) => findOrganization(tx, named));
  if (!row || (row.organization_id !== principal.organizationId && !principal.isOperator)) throw notFound();
  return organizationOf(row);
}

/** As it is written, letter for letter: what a browser would take out of it must not be in it. */
function isCallback(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return false;
  return !url.username && !url.password && !url.hash && !/[\s\p{Cc}\\]/u.test(text);
}

export async function updateOrganization(
  ctx: Ctx,
  organizationId: string,
  input: { name?: string; callbackUrls?: readonly string[] | null },
): Promise<Organization> {
  const { principal } = ctx.caller;
  if (organizationId !== principal.organizationId) authorizeOperator(principal);
  authorize(principal, 'management:all');
  if (principal.packIds || principal.userIds || principal.workspaceIds) {
    throw new Fault('forbidden', 'A key with bounds cannot change the organization.');
  }
  for (const [index, url] of (input.callbackUrls ?? []).entries()) {
    if (!isCallback(url)) {
      const message =
        'A callback address is an absolute http or https address without user info or fragment.';
      throw invalid(bodyProblem('value_error', ['callback_urls', index], message, { input: url }));
    }
  }
  return change(
    ctx,
    'organization.updated',
    async (tx) => {
      const before = await findOrganization(tx, { id: organizationId });
      if (!before) throw notFound();
      const set = {
        ...(input.name === undefined ? {} : { name: input.name }),
        ...(input.callbackUrls === undefined
          ? {}
          : { callback_urls: JSON.stringify(input.callbackUrls ?? []) }),
      };
      if (Object.keys(set).length > 0) await updateOrganizationRow(tx, organizationId, set);
      const after = organizationOf((await findOrganization(tx, { id: organizationId }))!);
      return {
        result: after,
        target: { type: 'organization', id: organizationId },
        changes: Object.keys(set).length > 0 ? { name: after.name, callback_urls: after.callbackUrls } : null,
      };
    },
    { organizationId },
  );
}

export async function listWorkspaces(ctx: Ctx, organizationId: string): Promise<readonly Workspace[]> {
  const { principal } = ctx.caller;
  authorize(principal, 'connectors:read');
  const rows = await ctx.database.transaction({ organizationId }, (tx) =>
    listWorkspaceRows(tx, organizationId),
  );
  return rows
    .filter((row) => principal.workspaceIds === null || principal.workspaceIds.includes(row.workspace_id))
    .map(workspaceOf);
}

/** Fault `conflict` for a taken slug. A key bound to workspaces cannot make another. */
export async function createWorkspace(
  ctx: Ctx,
  organizationId: string,
  input: { slug: string; name: string },
): Promise<Workspace> {
  const { principal } = ctx.caller;
  authorize(principal, 'management:all');
  if (principal.workspaceIds) throw new Fault('forbidden', 'This key is bound to its workspaces.');
  const row = {
    organization_id: organizationId,
    workspace_id: newId<'workspace'>(),
    slug: input.slug,
    name: input.name,
    created_at: ctx.clock.now(),
  };
  try {
    return await change(
      ctx,
      'workspace.created',
      async (tx) => {
        await insertWorkspace(tx, row);
        return {
          result: workspaceOf(row),
          target: { type: 'workspace', id: row.workspace_id },
          changes: { slug: input.slug, name: input.name },
        };
      },
      { organizationId },
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new Fault('conflict', 'A workspace of this slug exists.', { code: 'slug_taken' });
  }
}

/** The workspace named `default` of the caller's organization, or the one asked for if the key may use it. */
export async function resolveWorkspace(ctx: Ctx, named: string | null): Promise<Workspace> {
  const { principal } = ctx.caller;
  const rows = await read(ctx, (tx) => listWorkspaceRows(tx, principal.organizationId));
  const mine = rows.filter(
    (row) => principal.workspaceIds === null || principal.workspaceIds.includes(row.workspace_id),
  );
  const found =
    named === null
      ? (mine.find((row) => row.slug === 'default') ?? mine[0])
      : mine.find((row) => row.workspace_id === named || row.slug === named);
  if (!found) throw notFound();
  return workspaceOf(found);
}

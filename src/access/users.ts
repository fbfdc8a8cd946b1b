import {
  Fault,
  isUniqueViolation,
  newId,
  notFound,
  type Listed,
  type ListPage,
  type Tx,
} from '../kernel/index.ts';
import { change, read, type Ctx } from './change.ts';
import { authorize, mayActFor, type Caller } from './principal.ts';
import {
  deleteUser as deleteUserRow,
  findUser,
  insertUser,
  listUsers as listUserRows,
  updateUser as updateUserRow,
  upsertCompany,
  type UserRow,
} from './store.ts';

/** A person (or system) on whose behalf calls are made. Not somebody who signs in. */
export type RegisteredUser = {
  id: string;
  originUserId: string;
  originUserName: string;
  userType: 'HUMAN' | 'SYSTEM';
  company: { id: string; originId: string; originName: string | null } | null;
  customGroupings: unknown;
  isTest: boolean;
  createdAt: Date;
  updatedAt: Date;
};

export type CompanyInput = {
  originCompanyId?: string;
  originCompanyName?: string;
  customGroupings?: unknown;
};
export type UserInput = {
  originUserId?: string;
  originUserName?: string;
  userType?: 'HUMAN' | 'SYSTEM';
  /** Null: in no company. */
  group?: CompanyInput | null;
  isTest?: boolean;
};

/** What other rooms keep for a user and must do when one changes company or goes; wired in main. */
export type UserHooks = {
  onUserRemoved: (tx: Tx, caller: Caller, userId: string) => Promise<void>;
};

const userOf = (row: UserRow): RegisteredUser => ({
  id: row.user_id,
  originUserId: row.origin_user_id,
  originUserName: row.origin_user_name,
  userType: row.user_type,
  company:
    row.company_id && row.origin_company_id
      ? { id: row.company_id, originId: row.origin_company_id, originName: row.origin_company_name }
      : null,
  customGroupings: row.custom_groupings,
  isTest: row.is_test,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const taken = (): Fault =>
  new Fault('conflict', 'A registered user with this origin_user_id exists.', {
    code: 'origin_user_id_taken',
  });

/** Fault `conflict` when the origin id is taken, `forbidden` for a key bound to its users. */
export async function createUser(
  ctx: Ctx,
  input: UserInput & { originUserId: string; originUserName: string },
): Promise<RegisteredUser> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (principal.userIds) throw new Fault('forbidden', 'This key is bound to its registered users.');
  const { organizationId } = principal;
  const now = ctx.clock.now();
  const userId = newId<'user'>();
  try {
    return await change(ctx, 'registered_user.created', async (tx) => {
      await insertUser(tx, {
        organization_id: organizationId,
        user_id: userId,
        origin_user_id: input.originUserId,
        origin_user_name: input.originUserName,
        user_type: input.userType ?? 'HUMAN',
        company_id: await companyFor(tx, organizationId, input.group, now),
        custom_groupings: groupingsFor(input.group),
        is_test: input.isTest ?? false,
        created_at: now,
        updated_at: now,
      });
      const user = userOf((await findUser(tx, organizationId, userId))!);
      return {
        result: user,
        target: { type: 'registered_user', id: userId },
        changes: { origin_user_id: user.originUserId, company: user.company?.originId ?? null },
      };
    });
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
}

async function companyFor(
  tx: Tx,
  organizationId: string,
  group: CompanyInput | null | undefined,
  now: Date,
): Promise<string | null> {
  if (!group?.originCompanyId) return null;
  return upsertCompany(tx, {
    organization_id: organizationId,
    company_id: newId(),
    origin_company_id: group.originCompanyId,
    origin_company_name: group.originCompanyName ?? null,
    created_at: now,
  });
}

const groupingsFor = (group: CompanyInput | null | undefined): string | null =>
  group?.customGroupings === undefined || group.customGroupings === null
    ? null
    : JSON.stringify(group.customGroupings);

export async function updateUser(ctx: Ctx, userId: string, input: UserInput): Promise<RegisteredUser> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (!mayActFor(principal, userId)) throw notFound();
  const { organizationId } = principal;
  try {
    return await change(ctx, 'registered_user.updated', async (tx) => {
      const before = await findUser(tx, organizationId, userId);
      if (!before) throw notFound();
      const set = {
        ...(input.originUserId === undefined ? {} : { origin_user_id: input.originUserId }),
        ...(input.originUserName === undefined ? {} : { origin_user_name: input.originUserName }),
        ...(input.userType === undefined ? {} : { user_type: input.userType }),
        ...(input.group === undefined
          ? {}
          : {
              company_id: await companyFor(tx, organizationId, input.group, ctx.clock.now()),
              custom_groupings: groupingsFor(input.group),
            }),
      };
      if (principal.userIds && (set.company_id ?? null) !== before.company_id && 'company_id' in set) {
        // In another company the user would have that company's credentials, which the key was not given.
        throw new Fault('forbidden', 'This key is bound to its registered users and cannot move them.');
      }
      const changed = Object.keys(set).length > 0;
      if (changed) {
        await updateUserRow(tx, organizationId, userId, { ...set, updated_at: ctx.clock.now() });
      }
      const user = userOf((await findUser(tx, organizationId, userId))!);
      return {
        result: user,
        target: { type: 'registered_user', id: userId },
        changes: changed
          ? { origin_user_id: user.originUserId, company: user.company?.originId ?? null }
          : null,
      };
    });
  } catch (error) {
    throw isUniqueViolation(error) ? taken() : error;
  }
}

/** Removes the user and, through the hook, the credentials held for them. */
export async function deleteUser(ctx: Ctx & { userHooks: UserHooks }, userId: string): Promise<void> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:write');
  if (!mayActFor(principal, userId)) throw notFound();
  const { organizationId } = principal;
  await change(ctx, 'registered_user.deleted', async (tx) => {
    const row = await findUser(tx, organizationId, userId);
    if (!row) throw notFound();
    await ctx.userHooks.onUserRemoved(tx, ctx.caller, userId);
    await deleteUserRow(tx, organizationId, userId);
    return {
      result: undefined,
      target: { type: 'registered_user', id: userId },
      changes: { origin_user_id: row.origin_user_id },
    };
  });
}

export async function getUser(ctx: Ctx, userId: string): Promise<RegisteredUser> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:read');
  if (!mayActFor(principal, userId)) throw notFound();
  const row = await read(ctx, (tx) => findUser(tx, principal.organizationId, userId));
  if (!row) throw notFound();
  return userOf(row);
}

export async function listUsers(
  ctx: Ctx,
  filter: { originUserId?: string },
  page: ListPage,
): Promise<Listed<RegisteredUser>> {
  const { principal } = ctx.caller;
  authorize(principal, 'packs:read');
  const listed = await read(ctx, (tx) =>
    listUserRows(tx, principal.organizationId, { ...filter, ids: principal.userIds }, page),
  );
  return { ...listed, rows: listed.rows.map(userOf) };
}

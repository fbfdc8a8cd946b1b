import type { z } from '@hono/zod-openapi';
import type { RegisteredUser, UserInput } from '../../../../access/index.ts';
import type { makeUserLink, UserLinkInput } from '../../../../packs/index.ts';
import { writeLink } from '../connections/codec.ts';
import type { createUserBody, updateUserBody, userLinkBody, userLinkSchema, userSchema } from './schema.ts';

type Created = z.output<typeof createUserBody>;

export function readUser(body: Created): UserInput & { originUserId: string; originUserName: string };
export function readUser(body: z.output<typeof updateUserBody>): UserInput;
export function readUser(body: Partial<Created>): UserInput {
  const group = body.shared_credential_group;
  return {
    originUserId: body.origin_user_id,
    originUserName: body.origin_user_name,
    userType: body.user_type === null ? 'HUMAN' : body.user_type,
    group: group && {
      originCompanyId: group.origin_company_id ?? undefined,
      originCompanyName: group.origin_company_name ?? undefined,
      customGroupings: group.custom_groupings ?? undefined,
    },
  };
}

export function writeUser(user: RegisteredUser): z.input<typeof userSchema> {
  return {
    id: user.id,
    origin_user_id: user.originUserId,
    origin_user_name: user.originUserName,
    user_type: user.userType,
    shared_credential_group:
      user.company || user.customGroupings
        ? {
            origin_company_id: user.company?.originId ?? null,
            origin_company_name: user.company?.originName ?? null,
            custom_groupings: user.customGroupings ?? null,
          }
        : null,
    is_test: user.isTest,
    created_at: user.createdAt.toISOString(),
    updated_at: user.updatedAt.toISOString(),
  };
}

export const readLinkWish = (userId: string, body: z.output<typeof userLinkBody>): UserLinkInput => ({
  userId,
  connectorSlug: body.connection,
  packId: body.pack_id ?? null,
  callbackUrl: body.callback_url ?? null,
  state: body.state ?? null,
});

export const writeUserLink = (
  link: Awaited<ReturnType<typeof makeUserLink>>,
): z.input<typeof userLinkSchema> => ({ ...writeLink(link), auth_scope: link.authScope });

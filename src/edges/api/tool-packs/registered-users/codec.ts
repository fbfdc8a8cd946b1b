import type { z } from '@hono/zod-openapi';
import type { RegisteredUser, UserInput } from '../../../../access/index.ts';
import type { createRegisteredUserBody, registeredUserSchema, updateRegisteredUserBody } from './schema.ts';

type Created = z.output<typeof createRegisteredUserBody>;

export function readRegisteredUser(
  body: Created,
): UserInput & { originUserId: string; originUserName: string };
export function readRegisteredUser(body: z.output<typeof updateRegisteredUserBody>): UserInput;
export function readRegisteredUser(body: Partial<Created>): UserInput {
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

export function writeRegisteredUser(
  user: RegisteredUser,
  authenticatedConnectors: readonly string[],
): z.input<typeof registeredUserSchema> {
  const { company, customGroupings } = user;
  return {
    id: user.id,
    origin_user_id: user.originUserId,
    origin_user_name: user.originUserName,
    shared_credential_group:
      company || customGroupings
        ? {
            origin_company_id: company?.originId ?? null,
            origin_company_name: company?.originName ?? null,
            custom_groupings: customGroupings ?? null,
          }
        : null,
    user_type: user.userType,
    authenticated_connectors: [...authenticatedConnectors],
    is_test: user.isTest,
  };
}

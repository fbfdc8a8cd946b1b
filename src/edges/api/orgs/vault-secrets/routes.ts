import { z } from '@hono/zod-openapi';
import { enterOrganization } from '../../../../access/index.ts';
import { deleteVaultSecret } from '../../../../connections/index.ts';
import { createVaultSecret, getVaultSecret, listVaultSecrets } from '../../../../vault/index.ts';
import { cursorPage, cursorQuery, nextCursor } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { readName } from '../codec.ts';
import { orgsContract as contract } from '../errors.ts';
import { writeVaultSecret } from './codec.ts';
import {
  createdVaultSecretSchema,
  createVaultSecretBody,
  secretParams,
  secretsParams,
  vaultSecretSchema,
  vaultSecretsSchema,
} from './schema.ts';

const facts = { contract, tag: 'Vault secrets', scope: 'credentials:write' } as const;
const path = '/v1/orgs/{org}/vault/secrets';

export const vaultSecretRoutes: readonly Route[] = [
  route({
    ...facts,
    method: 'get',
    path,
    summary: 'List secrets, newest first: their names, never a value',
    params: secretsParams,
    query: z.object(cursorQuery({ fallback: 50, max: 200 })),
    status: 200,
    answer: vaultSecretsSchema,
    handle: async (asked) => {
      await enterOrganization(asked.ctx, readName(asked.params.org));
      const listed = await listVaultSecrets(asked.ctx, cursorPage(asked, 'vault-secrets'));
      const next = nextCursor(asked, 'vault-secrets', listed);
      const secrets = listed.rows.map(writeVaultSecret);
      return { total: listed.count, has_more: next !== null, next_cursor: next, secrets };
    },
  }),
  route({
    ...facts,
    method: 'post',
    path,
    summary: 'Keep a secret for credentials to refer to; its value is never read back',
    params: secretsParams,
    body: createVaultSecretBody,
    status: 201,
    answer: createdVaultSecretSchema,
    handle: async ({ ctx, params, body }) => {
      await enterOrganization(ctx, readName(params.org));
      const { name, value, workspace_id: workspace } = body;
      const { id } = await createVaultSecret(ctx, { name, value, workspace });
      return { vault_id: id };
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: `${path}/{vault_id}`,
    summary: 'Read what is known of a secret besides its value',
    params: secretParams,
    status: 200,
    answer: vaultSecretSchema,
    handle: async ({ ctx, params }) => {
      await enterOrganization(ctx, readName(params.org));
      return writeVaultSecret(await getVaultSecret(ctx, params.vault_id));
    },
  }),
  route({
    ...facts,
    method: 'delete',
    path: `${path}/{vault_id}`,
    summary: 'Shred a secret; 409 naming its users while it is referred to',
    params: secretParams,
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => {
      await enterOrganization(ctx, readName(params.org));
      await deleteVaultSecret(ctx, params.vault_id);
    },
  }),
];

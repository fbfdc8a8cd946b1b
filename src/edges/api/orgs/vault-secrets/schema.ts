import { z } from '@hono/zod-openapi';
import { idField, secretField } from '../../read-request/index.ts';
import { organizationParams } from '../schema.ts';

export const createVaultSecretBody = z.strictObject({
  name: z
    .string()
    .trim()
    .min(1)
    .max(255)
    .openapi({ description: 'For people; two secrets may have the same.' }),
  value: secretField(),
  workspace_id: z
    .string()
    .min(1)
    .max(255)
    .nullish()
    .openapi({ description: 'Id or slug of the only workspace it can be used in; null: usable in all.' }),
});

export const secretsParams = organizationParams;

export const secretParams = organizationParams.extend({ vault_id: idField<'vault_secret'>() });

export const vaultSecretSchema = z
  .object({
    vault_id: z.string(),
    name: z.string(),
    workspace_id: z.string().nullable(),
    created_by: z.string().nullable().openapi({ description: 'Which key made it.' }),
    created_at: z.string(),
  })
  .openapi('VaultSecret');

export const createdVaultSecretSchema = z.object({ vault_id: z.string() }).openapi('CreatedVaultSecret');

export const vaultSecretsSchema = z
  .object({
    total: z.int(),
    has_more: z.boolean(),
    next_cursor: z.string().nullable(),
    secrets: z.array(vaultSecretSchema),
  })
  .openapi('VaultSecrets');

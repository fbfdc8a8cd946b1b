import type { z } from '@hono/zod-openapi';
import type { VaultSecret } from '../../../../vault/index.ts';
import type { vaultSecretSchema } from './schema.ts';

export function writeVaultSecret(secret: VaultSecret): z.input<typeof vaultSecretSchema> {
  return {
    vault_id: secret.id,
    name: secret.name,
    workspace_id: secret.workspaceId,
    created_by: secret.createdBy,
    created_at: secret.createdAt.toISOString(),
  };
}

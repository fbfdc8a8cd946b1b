import { z } from '@hono/zod-openapi';
import { digestsSchema } from '../../held-change.ts';
import { impactSchema } from '../../impact.ts';
import { idField } from '../../read-request/index.ts';

export const versionParams = z.object({ id: idField<'connection'>() });

export const acceptBody = z.strictObject({
  tool_ids: z
    .array(idField<'tool'>())
    .max(5000)
    .nullish()
    .openapi({ description: 'Tools whose held changes are accepted; all unless said.' }),
  digests: digestsSchema,
});

export const acceptedSchema = z
  .object({
    schema_version: z.int().openapi({ description: 'The version the connection is on now.' }),
    accepted: z.array(
      z.object({
        tool_id: z.string(),
        slug: z.string(),
        kind: z.enum(['added', 'changed', 'removed']),
        class: z.enum(['text', 'widening', 'breaking', 'permission', 'added', 'removed']),
        stale_inputs: z
          .array(z.string())
          .openapi({ description: 'Fields whose rules no longer suit the tool; they stay.' }),
        stale_paths: z
          .array(z.string())
          .openapi({ description: 'Paths of the response map that replies no longer have; they stay.' }),
      }),
    ),
  })
  .openapi('AcceptedChanges');

export const upgradeBody = z.strictObject({
  target_version: z.int().min(1).max(1_000_000_000).nullish().openapi({
    description: 'The newest unless said. One below the current is a rollback, to one it has been on.',
  }),
});

export const upgradedSchema = z
  .object({
    previous_version: z.int(),
    new_version: z.int(),
    migration_applied: z.boolean().openapi({ description: 'False: it was on that version, or a dry run.' }),
    changelog: z.string(),
    impact: impactSchema.optional().openapi({ description: 'Only of a dry run.' }),
  })
  .openapi('UpgradedConnection');

export const versionsSchema = z
  .object({
    schema_version: z.int(),
    latest_schema_version: z.int(),
    upgrade_available: z.boolean(),
    schema_deprecated: z
      .boolean()
      .openapi({ description: 'Below the oldest version that its connector still looks after.' }),
    versions: z
      .array(
        z.object({
          version: z.int(),
          changelog: z.string(),
          used_at: z
            .string()
            .nullable()
            .openapi({ description: 'When the connection came to be on it last; null: it never was.' }),
          is_current: z.boolean(),
        }),
      )
      .openapi({ description: 'Newest first.' }),
  })
  .openapi('ConnectionVersions');

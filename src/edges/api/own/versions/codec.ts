import type { z } from '@hono/zod-openapi';
import type { Accepted, Impact, ListedVersion, Upgraded, VersionState } from '../../../../revisions/index.ts';
import { writeImpact } from '../../impact.ts';
import type { acceptedSchema, upgradedSchema, versionsSchema } from './schema.ts';

export const writeAccepted = ({ version, accepted }: Accepted): z.input<typeof acceptedSchema> => ({
  schema_version: version,
  accepted: accepted.map(({ tool, change }) => ({
    tool_id: tool.id,
    slug: tool.slug,
    kind: change.kind,
    class: change.class,
    stale_inputs: [...change.staleInputs],
    stale_paths: [...change.stalePaths],
  })),
});

/** `impact`: of a dry run, which has applied nothing. */
export const writeUpgraded = (upgraded: Upgraded, impact?: Impact): z.input<typeof upgradedSchema> => ({
  previous_version: upgraded.previousVersion,
  new_version: upgraded.newVersion,
  migration_applied: impact === undefined && upgraded.migrationApplied,
  changelog: upgraded.changelog,
  ...(impact === undefined ? {} : { impact: writeImpact(impact) }),
});

export const writeVersions = ({
  state,
  versions,
}: {
  state: VersionState;
  versions: readonly ListedVersion[];
}): z.input<typeof versionsSchema> => ({
  schema_version: state.schemaVersion,
  latest_schema_version: state.latestSchemaVersion,
  upgrade_available: state.upgradeAvailable,
  schema_deprecated: state.schemaDeprecated,
  versions: versions.map(({ version, changelog, usedAt, isCurrent }) => ({
    version,
    changelog,
    used_at: usedAt?.toISOString() ?? null,
    is_current: isCurrent,
  })),
});

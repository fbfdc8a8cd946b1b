import type { Api } from './api.ts';
import type { WireConnection, WireVersions } from './wire.ts';

/**
 * What a person should know of the version a connection is on: a newer one is out, or this one is not looked after any
 * more. Only the catalog has releases to ask for; what another service says anew is held, and counted.
 */
export async function versionLines(api: Api, { id, slug, kind }: WireConnection): Promise<string[]> {
  if (kind !== 'catalog') return [];
  const state = await api.get<WireVersions>(`/v1/connections/${id}/versions`);
  const { schema_version: version, latest_schema_version: latest } = state;
  return [
    ...(state.schema_deprecated
      ? [`${slug}: version ${version} is below the oldest its connector supports: upgrade it`]
      : []),
    ...(state.upgrade_available
      ? [`${slug} is on version ${version}; version ${latest} is out: toolcrib upgrade ${slug} --dry-run`]
      : []),
  ];
}

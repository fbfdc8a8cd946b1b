import type { Ctx } from './change.ts';
import { enterOrganization } from './enter-organization.ts';
import { resolveWorkspace, type Workspace } from './organizations.ts';

/**
 * The workspace a path names below its organization. One Fault `not_found` for what is absent, another organization's
 * and outside the key's workspaces.
 */
export async function enterWorkspace(
  ctx: Ctx,
  named: {
    organization: { id: string } | { slug: string };
    workspace: { id: string } | { slug: string };
  },
): Promise<Workspace> {
  await enterOrganization(ctx, named.organization);
  return resolveWorkspace(ctx, 'id' in named.workspace ? named.workspace.id : named.workspace.slug);
}

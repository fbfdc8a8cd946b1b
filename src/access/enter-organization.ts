import { notFound } from '../kernel/index.ts';
import type { Ctx } from './change.ts';
import { getOrganization, type Organization } from './organizations.ts';

/**
 * The organization a path names, where it has to be the caller's own: the operator's key too enters no other here. One
 * Fault `not_found` for absent and foreign.
 */
export async function enterOrganization(
  ctx: Ctx,
  named: { id: string } | { slug: string },
): Promise<Organization> {
  const organization = await getOrganization(ctx, named);
  if (organization.id !== ctx.caller.principal.organizationId) throw notFound();
  return organization;
}

import type { z } from '@hono/zod-openapi';
import type { Organization, Workspace } from '../../../access/index.ts';
import { parseId } from '../../../kernel/index.ts';
import type { organizationSchema, workspaceSchema } from './schema.ts';

/** A path names an organization by slug or by id in either form. */
export function readName(text: string): { id: string } | { slug: string } {
  const id = parseId(text);
  return id ? { id } : { slug: text };
}

export function writeOrganization(organization: Organization): z.input<typeof organizationSchema> {
  return {
    id: organization.id,
    slug: organization.slug,
    name: organization.name,
    callback_urls: [...organization.callbackUrls],
    created_at: organization.createdAt.toISOString(),
  };
}

export function writeWorkspace(workspace: Workspace): z.input<typeof workspaceSchema> {
  const { id, slug, name, createdAt } = workspace;
  return { id, slug, name, created_at: createdAt.toISOString() };
}

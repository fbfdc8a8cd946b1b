import { z } from '@hono/zod-openapi';
import { parseId } from '../../../kernel/index.ts';
import { issueOf } from '../read-request/index.ts';

const slugForm = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A name for paths. One that reads as an id is refused, since a path may name either. */
const slug = z.string().superRefine((text, context) => {
  if (slugForm.test(text) && parseId(text) === null) return;
  const message = 'A slug is 1 to 63 lower-case letters, digits and inner hyphens, and not an id';
  context.addIssue(issueOf('value_error', message));
});

const name = z.string().trim().min(1).max(255);

export const createOrganizationBody = z.strictObject({ slug: slug.optional(), name });

export const updateOrganizationBody = z.strictObject({
  name: name.optional(),
  callback_urls: z.array(z.string().max(2000)).max(100).nullish().openapi({ description: 'Null: none.' }),
});

export const createWorkspaceBody = z.strictObject({ slug, name });

export const organizationParams = z.object({
  org: z.string().min(1).max(100).openapi({ description: 'The organization’s slug or id.' }),
});

export const organizationSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    callback_urls: z.array(z.string()),
    created_at: z.string(),
  })
  .openapi('Organization');

export const foundedSchema = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    admin_key: z.string().openapi({ description: 'Shown once.' }),
  })
  .openapi('FoundedOrganization');

export const workspaceSchema = z
  .object({ id: z.string(), slug: z.string(), name: z.string(), created_at: z.string() })
  .openapi('Workspace');

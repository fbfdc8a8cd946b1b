import type { z } from '@hono/zod-openapi';
import { promisedKeys, type CatalogEntry } from '../../../../connectors/index.ts';
import type { integrationSchema } from './schema.ts';

type Integration = z.input<typeof integrationSchema>;

/** A promised key that has no connector yet: listed, so that whoever looks for it learns what it will be. */
const announced: Readonly<Record<string, Integration>> = {
  email: {
    key: 'email',
    display_name: 'Email',
    description: 'Send and read mail over SMTP and IMAP. It cannot be connected yet.',
    category: 'communication',
    logo_url: null,
  },
};

/** The contract's own keys first, in its order; the others by slug. */
export function writeIntegrations(entries: readonly CatalogEntry[]): readonly Integration[] {
  const bySlug = new Map(entries.map((entry) => [entry.file.slug, writeIntegration(entry)]));
  const promised = promisedKeys.flatMap((key) => bySlug.get(key) ?? announced[key] ?? []);
  const others = [...bySlug.values()].filter(({ key }) => !promisedKeys.includes(key));
  return [...promised, ...others];
}

function writeIntegration({ file }: CatalogEntry): Integration {
  return {
    key: file.slug,
    display_name: file.name,
    description: file.description,
    category: file.categories[0] ?? null,
    logo_url: file.logo_url,
  };
}

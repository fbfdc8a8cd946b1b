import type { z } from '@hono/zod-openapi';
import type { SignInMethod } from '../../../../connections/index.ts';
import type { CatalogEntry } from '../../../../connectors/index.ts';
import type { connectorSchema } from './schema.ts';

/** `signIn` are the file's methods, in its order, as they stand for who asks. */
export function writeConnector(
  { file, ...entry }: CatalogEntry,
  signIn: readonly SignInMethod[],
): z.input<typeof connectorSchema> {
  return {
    id: entry.id,
    slug: file.slug,
    name: file.name,
    description: file.description,
    kind: file.kind,
    categories: [...file.categories],
    source_url: file.source_url,
    logo_url: file.logo_url,
    version: file.version,
    versions: [...entry.versions],
    changelog: file.changelog,
    is_own: entry.isOwn,
    sign_in: signIn.map((method, index) => ({ ...file.auth[index], ...writeSignIn(method) })),
    config: file.config.map((field) => ({ ...field })),
    tool_count: file.tools.length,
  };
}

export function writeWholeConnector(
  entry: CatalogEntry,
  signIn: readonly SignInMethod[],
): z.input<typeof connectorSchema> {
  const tools = entry.file.tools.map(({ name, title, description, effect }) => {
    return { name, title, description, effect };
  });
  const releases = entry.releases.map(({ version, changelog }) => ({ version, changelog }));
  return { ...writeConnector(entry, signIn), releases, tools };
}

const writeSignIn = (method: SignInMethod) => ({
  type: method.type,
  fields: [...method.fields],
  needs_app: method.needsApp,
  has_app: method.hasApp,
  redirect_uri: method.redirectUri,
  scopes: method.scopes.map(({ scope }) => scope),
  scope_meanings: Object.fromEntries(method.scopes.map(({ scope, meaning }) => [scope, meaning])),
});

import { authorizeAny, read, type Ctx } from '../../access/index.ts';
import type { AuthMethod, ConnectorFile } from '../../connectors/index.ts';
import { redirectUriOf } from './client-metadata.ts';
import { connectorsWithApps } from './oauth-client-store.ts';
import { scopeWords } from '../consent/scope-words.ts';
import { credentialFieldNames, isByHand } from '../sign-in.ts';

/** One way to sign in at a connector, as a person choosing sees it. */
export type SignInMethod = {
  type: AuthMethod['type'];
  /** What is typed, by name; empty where nothing is. */
  fields: readonly string[];
  /** The organization brings an OAuth app of its own. */
  needsApp: boolean;
  /** It has one; null where none is needed. */
  hasApp: boolean | null;
  /** The address to register at the service, letter for letter, where an app is needed. */
  redirectUri: string | null;
  scopes: readonly { scope: string; meaning: string }[];
  /** The page where the connector's author read it. */
  source: string | null;
};

/** A connector's sign-in methods in the order of effort its file gives them. */
export function signInMethods(
  file: Pick<ConnectorFile, 'auth'>,
  at: { publicUrl: string; hasApp: boolean },
): readonly SignInMethod[] {
  return file.auth.map((method) => {
    const needsApp = method.type === 'oauth2' || method.type === 'oauth2_client_credentials';
    return {
      type: method.type,
      fields: isByHand(method) ? credentialFieldNames(method) : [],
      needsApp,
      hasApp: needsApp ? at.hasApp : null,
      redirectUri: method.type === 'oauth2' ? redirectUriOf(at.publicUrl) : null,
      scopes: scopeWords(method, []),
      source: ('source' in method ? method.source : undefined) ?? null,
    };
  });
}

/** The sign-in methods of each of these connectors, by slug, as they stand for the caller's organization. */
export async function signInAtConnectors(
  ctx: Ctx & { publicUrl: string },
  files: readonly Pick<ConnectorFile, 'slug' | 'auth'>[],
): Promise<ReadonlyMap<string, readonly SignInMethod[]>> {
  const { principal } = ctx.caller;
  authorizeAny(principal, ['connectors:read', 'tools:read', 'tools:write']);
  const withApps = await read(ctx, (tx) => connectorsWithApps(tx, principal.organizationId));
  const { publicUrl } = ctx;
  return new Map(
    files.map((file) => [file.slug, signInMethods(file, { publicUrl, hasApp: withApps.has(file.slug) })]),
  );
}

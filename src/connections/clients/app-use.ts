import type { Ctx } from '../../access/index.ts';
import { findConnector, type AuthMethod, type Catalog } from '../../connectors/index.ts';
import type { ClientAuth } from '../../drivers/index.ts';
import { bodyProblem, invalid, type Tx } from '../../kernel/index.ts';

/**
 * How an app of this connector proves itself, and the origin its secret is for: null where each connection's settings
 * name the host, so that the first one that uses it says so.
 */
export async function appUse(
  tx: Tx,
  ctx: { caller: Ctx['caller']; catalog: Catalog },
  slug: string,
): Promise<{ auth: ClientAuth; origin: string | null }> {
  const entry = await findConnector(tx, ctx.catalog, ctx.caller.principal.organizationId, slug);
  const methods = (entry?.file.auth ?? []).filter(usesApp);
  const [method] = methods;
  if (!method) {
    const message = 'No connector of this slug signs in with an OAuth app of yours.';
    throw invalid(bodyProblem('value_error', ['connector_slug'], message, { input: slug }));
  }
  const origins = new Set(methods.map(({ token_url: address }) => fixedOrigin(address)));
  const [origin = null] = origins.size === 1 ? origins : [];
  return { auth: method.client_auth ?? 'client_secret_basic', origin };
}

/** The origin of an address in a connector file; null where a setting is part of it. */
const fixedOrigin = (address: string): string | null =>
  /^https?:\/\/[^/{}]+(\/|$)/.test(address) ? new URL(address.replaceAll(/[{}]/g, '')).origin : null;

const usesApp = (
  method: AuthMethod,
): method is Extract<AuthMethod, { type: 'oauth2' | 'oauth2_client_credentials' }> =>
  method.type === 'oauth2' || method.type === 'oauth2_client_credentials';

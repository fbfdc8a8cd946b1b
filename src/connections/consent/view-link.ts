import type { AuthMethod, ConnectorFile } from '../../connectors/index.ts';
import { findCredentials } from '../../vault/index.ts';
import type { LinkView } from './connect-flow.ts';
import type { Connection } from '../connection.ts';
import { redirectUriOf } from '../clients/client-metadata.ts';
import type { Entered, FlowDeps } from './enter-link.ts';
import { hasGivenClient } from '../clients/oauth-at.ts';
import { pendingOf } from './pending.ts';
import { scopeWords } from './scope-words.ts';
import { isByHand } from '../sign-in.ts';
import { signInAt } from './sign-in-at.ts';

/** What the page shows. Asks the database only. */
export async function viewLink(deps: FlowDeps, entered: Entered): Promise<LinkView> {
  const { link, connection, organization, forWhom } = entered;
  const { organizationId, owner } = link;
  return deps.database.transaction({ organizationId }, async (tx) => {
    const at = await signInAt(tx, deps, connection);
    const [current] = await findCredentials(tx, organizationId, { connectionId: connection.id, owner });
    const pending = await pendingOf(tx, organizationId, link.id);
    const needsApp = at.method.type === 'oauth2' || at.method.type === 'oauth2_client_credentials';
    const isMissing = needsApp && !(await hasGivenClient(tx, connection));
    return {
      step: pending ? 'confirm' : isMissing ? 'app_missing' : hasForm(at.method) ? 'fields' : 'consent',
      organization: organization.name,
      service: serviceOf(connection, at.file),
      description: connection.connectorSlug === 'custom_mcp' ? '' : (at.file?.description ?? ''),
      origin: new URL(connection.address).origin,
      connection: connection.nickname,
      forWhom: { type: owner.type, label: forWhom },
      scopes: scopeWords(at.method, connection.metadata.oauth_scopes ?? [], current?.wantedScopes ?? []),
      fields: fieldsAsked(at.method),
      current: current?.identity ?? null,
      pending: pending?.account ?? null,
      redirectUri: redirectUriOf(deps.publicUrl),
      expiresAt: link.expiresAt,
    };
  });
}

const hasForm = (method: AuthMethod): boolean =>
  isByHand(method) || method.type === 'oauth2_client_credentials';

/** A server of one's own is known by its address, everything else by its connector. */
const serviceOf = (connection: Connection, file: ConnectorFile | null): string =>
  connection.connectorSlug === 'custom_mcp' || !file ? new URL(connection.address).host : file.name;

function fieldsAsked(method: AuthMethod): LinkView['fields'] {
  const field = (name: string, label: string, secret: boolean) => {
    const said = 'fields' in method ? method.fields?.[name] : undefined;
    return { name, label: said?.label ?? label, secret, description: said?.description ?? null };
  };
  switch (method.type) {
    case 'bearer':
      return [field('token', 'Access token', true)];
    case 'api_key':
      return [field('api_key', 'API key', true)];
    case 'basic':
      return [field('username', 'User name', false), field('password', 'Password', true)];
    case 'none':
    case 'oauth2':
    case 'oauth2_client_credentials':
    case 'mcp_oauth':
      return [];
  }
}

import type { AuthMethod } from '../connectors/index.ts';
import type { Target } from '../drivers/index.ts';

export type ConnectionKind = 'catalog' | 'openapi' | 'mcp' | 'stdio';
/** One table for all contracts: design.md, "Status". */
export type ConnectionStatus = 'pending' | 'connected' | 'token_expired' | 'auth_failed';
export type ToolsStatus = 'pending' | 'synced' | 'error';

/**
 * What becomes of what a service changes by itself. `hold`: everything waits for a person; `accept_text`: but changes
 * of words; `accept_compatible`: but those and what only widens; `follow`: nothing waits.
 */
export type DriftPolicy = 'hold' | 'accept_text' | 'accept_compatible' | 'follow';

/** A configured account of a connector in a workspace. Holds nothing secret. */
export type Connection = {
  id: string;
  organizationId: string;
  workspaceId: string;
  kind: ConnectionKind;
  connectorSlug: string;
  connectorVersion: number | null;
  nickname: string;
  /** Immutable, unique in the organization; begins every tool's name. */
  slug: string;
  /** Base or server address without its query; query names are in `metadata.query`, their values sealed. */
  address: string;
  config: Readonly<Record<string, unknown>>;
  auth: AuthMethod;
  localOrigin: string | null;
  sealedSecretId: string | null;
  status: ConnectionStatus;
  statusReason: string | null;
  toolsStatus: ToolsStatus;
  toolsSyncedAt: Date | null;
  /** Set by turning all tools off: tools found later start disabled. */
  newToolsOff: boolean;
  isActive: boolean;
  isSample: boolean;
  /** Whether everything that writes asks a person first; null: as the connector's author says. */
  requiresConfirmation: boolean | null;
  /** How many calls one turn may hand to the service, of all its tools together. */
  maxCallsPerTurn: number | null;
  /** A grouping inside the workspace: an application or an environment. */
  namespaceId: string;
  /** Which key or person made it, as `<type>:<id>`; null: nobody is known. */
  createdBy: string | null;
  driftPolicy: DriftPolicy;
  /** A selection of the connection's own beside each tool's switch: null: all; else exactly these names. */
  actionFilter: readonly string[] | null;
  /** What the model is told of the connection, in the server's instructions. */
  descriptionOverride: string | null;
  /** HTTP actions of the author's own, as they were written. */
  customActions: readonly unknown[];
  /** Input rules in the words they were written in, by tool and field, for contracts that have several for one rule. */
  writtenRules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  metadata: ConnectionMetadata;
  connectedAt: Date | null;
  createdAt: Date;
  updatedAt: Date;
};

export type ConnectionMetadata = {
  /** What people are told it is for. */
  description?: string;
  /** Made on first use as the connector's default connection. */
  default?: boolean;
  /** Somebody has said since how it signs in. */
  method_chosen?: boolean;
  /** Names of the query members and headers that are sealed. */
  query?: readonly string[];
  headers?: readonly string[];
  /** Where the imported document was read, when it can be read again. */
  document_url?: string;
  selection?: unknown;
  transport?: string;
  server?: { name: string; version: string };
  instructions?: string;
  /** What an MCP server asked for when it was connected: shown to people before they are sent there. */
  oauth_scopes?: readonly string[];
};

/** Where its calls go. */
export function targetOf(connection: Connection): Target {
  return {
    organizationId: connection.organizationId,
    connectionId: connection.id,
    kind: connection.kind === 'mcp' || connection.kind === 'stdio' ? connection.kind : 'http',
    address: connection.address,
    sealedSecretId: connection.sealedSecretId,
    localOrigin: connection.localOrigin,
  };
}

/** The address as people may see it: query values are sealed and shown as `***`. */
export function shownAddress(connection: Connection): string {
  const names = connection.metadata.query ?? [];
  const query = names.map((name) => `${encodeURIComponent(name)}=***`).join('&');
  return query ? `${connection.address}?${query}` : connection.address;
}

/** True for a connector that needs nothing to sign in with: it is served in every scope. */
export const needsNoCredential = (connection: Connection): boolean => connection.auth.type === 'none';

/** What it signed in with is of no use any more; its reason says why, and a listing does not write over that. */
export const hasFailed = ({ status }: Connection): boolean =>
  status === 'token_expired' || status === 'auth_failed';

import { checkConfiguration, placeholders, type ConnectorFile } from '../connectors/index.ts';
import { bodyProblem, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { Plaintext, type Vault } from '../vault/index.ts';
import { shownAddress, type Connection } from './connection.ts';

/** The field of a connector whose value is the whole address: it is kept as the address, and its query sealed. */
export function addressFieldOf({ base_url: base }: Pick<ConnectorFile, 'base_url'>): string | null {
  const [name] = placeholders(base);
  return name !== undefined && base === `{${name}}` ? name : null;
}

/** What a connection is configured with, as people may see it: the values of an address's query are sealed. */
export function shownConfig(
  connection: Connection,
  connector: Pick<ConnectorFile, 'base_url'> | null,
): Readonly<Record<string, unknown>> {
  const field = connection.kind === 'mcp' && connector ? addressFieldOf(connector) : null;
  return field === null ? connection.config : { ...connection.config, [field]: shownAddress(connection) };
}

/** What is kept as the connection's configuration: all but the address itself. */
export function keptValues(
  file: Pick<ConnectorFile, 'kind' | 'base_url'>,
  values: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const field = file.kind === 'mcp' ? addressFieldOf(file) : null;
  return Object.fromEntries(Object.entries(values).filter(([name]) => name !== field));
}

/** Where in a request a connector's address stands: at the field that is all of it, or at them all. */
export function pathOfAddress(file: Pick<ConnectorFile, 'base_url'>, path: JsonPath): JsonPath {
  const field = addressFieldOf(file);
  return field === null ? path : [...path, field];
}

/** Checks values against a connector's fields. A server's address may hold a secret: what is wrong is said without it. */
export function readConfiguration(
  file: Pick<ConnectorFile, 'kind' | 'config'> | null,
  given: Readonly<Record<string, unknown>>,
  path: JsonPath,
): ReturnType<typeof checkConfiguration> {
  const { problems, values } = checkConfiguration(file?.config ?? [], given, path);
  if (file?.kind !== 'mcp') return { problems, values };
  return { problems: problems.map(({ input: _input, ...problem }) => problem), values };
}

const sealed = '***';

/**
 * The query of a server's new address, beside the one that is sealed; null: that one stays, for it is written as it is
 * shown. Values are sealed together with the connection's own headers, so neither can be replaced alone.
 */
export function newQuery(
  connection: Connection,
  query: Readonly<Record<string, string>>,
  path: JsonPath,
): Readonly<Record<string, string>> | null {
  const before = connection.metadata.query ?? [];
  const names = Object.keys(query);
  const shown = names.filter((name) => query[name] === sealed && before.includes(name));
  if (shown.length === names.length && names.length === before.length) return null;
  const wrong = (message: string) => invalid(bodyProblem('value_error', path, message));
  if (shown.length > 0)
    throw wrong('Sealed values of the query are kept all together: give all of them, or none.');
  if ((connection.metadata.headers ?? []).length > 0) {
    throw wrong(
      'The values of its query are sealed together with its own headers, and cannot be replaced alone.',
    );
  }
  return query;
}

/** Seals a new query for the place of the sealed one, which its caller discards when nothing refers to it any more. */
export async function sealQuery(
  tx: Tx,
  { vault }: { vault: Vault },
  { organizationId, metadata }: Connection,
  query: Readonly<Record<string, string>>,
): Promise<{ sealed_secret_id: string | null; metadata: string }> {
  const names = Object.keys(query);
  const text = JSON.stringify({ query, headers: {} });
  const kept = names.length > 0 ? await vault.keep(tx, organizationId, new Plaintext(text)) : null;
  const { query: _query, ...rest } = metadata;
  return {
    sealed_secret_id: kept,
    metadata: JSON.stringify({ ...rest, ...(names.length > 0 ? { query: names } : {}) }),
  };
}

import { readAddress, type Connection } from '../connections/index.ts';
import { fillAddress, type AuthMethod, type ConnectorFile } from '../connectors/index.ts';
import { canonicalJson, Fault } from '../kernel/index.ts';

/**
 * Where a connection goes at another version of its connector, and how it signs in there. Credentials are bound to
 * the origin they were given for: a version at another one, or without the connection's way to sign in, is a Fault
 * `conflict`. So is one that cannot be addressed with what the connection is configured with.
 */
export function reconnectAt(
  connection: Connection,
  from: ConnectorFile | null,
  target: ConnectorFile,
): Pick<Connection, 'address' | 'auth'> {
  const address = addressAt(connection, from, target);
  const auth = methodAt(connection.auth, from, target);
  const holdsSecrets = connection.auth.type !== 'none' || connection.sealedSecretId !== null;
  const isElsewhere = new URL(address).origin !== new URL(connection.address).origin;
  if (holdsSecrets && isElsewhere) throw needsCredentials(target, 'is at another origin');
  if (originsOf(auth).some((origin) => !originsOf(connection.auth).includes(origin))) {
    throw needsCredentials(target, 'signs in at another origin');
  }
  return { address, auth };
}

function addressAt(
  { address, config }: Connection,
  from: ConnectorFile | null,
  target: ConnectorFile,
): string {
  if (from?.base_url === target.base_url) return address;
  try {
    return readAddress(fillAddress(target, config), ['configuration']).address;
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'invalid') throw error;
    const message = `Version ${target.version} cannot be addressed with what the connection is configured with: ${error.message}`;
    throw new Fault('conflict', message, { code: 'configuration_needed', cause: error });
  }
}

function methodAt(auth: AuthMethod, from: ConnectorFile | null, target: ConnectorFile): AuthMethod {
  const index = from?.auth.findIndex((method) => canonicalJson(method) === canonicalJson(auth)) ?? -1;
  // Not the connector's own words: it was told how by whoever connected it.
  if (index === -1) return auth;
  const same = target.auth.filter(({ type }) => type === auth.type);
  const method =
    same.find((candidate) => canonicalJson(candidate) === canonicalJson(auth)) ??
    same[from!.auth.slice(0, index).filter(({ type }) => type === auth.type).length] ??
    same[0];
  if (!method) throw needsCredentials(target, `does not sign in by ${auth.type} any more`);
  return method;
}

/** Where a method sends what it signs in with; a configured part is compared as it is written. */
function originsOf(auth: AuthMethod): readonly string[] {
  const addresses =
    auth.type === 'oauth2'
      ? [auth.authorization_url, auth.token_url, auth.revocation_url ?? auth.token_url]
      : auth.type === 'oauth2_client_credentials'
        ? [auth.token_url]
        : [];
  return addresses.map((address) => /^[a-z]+:\/\/[^/?#]*/.exec(address)?.[0] ?? address);
}

const needsCredentials = ({ version }: ConnectorFile, why: string): Fault =>
  new Fault(
    'conflict',
    `Version ${version} ${why}, and credentials stay where they were given for: connect it anew with new credentials.`,
    { code: 'new_credentials_needed' },
  );

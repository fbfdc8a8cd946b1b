import type { ConnectorFile } from '../../connectors/index.ts';
import type { Arguments, CredentialRef, Drivers, Reply, Target } from '../../drivers/index.ts';
import { drawHex, Fault, isObject, type Json } from '../../kernel/index.ts';
import type { Identity } from '../../vault/index.ts';

/** Whose account it is, as the service says. */
export type Identified =
  | { kind: 'known'; account: Identity }
  /** The connector names no way to ask, or the service did not answer in a way that says anything about the account. */
  | { kind: 'unknown' }
  /** The service does not take what was given. */
  | { kind: 'refused'; reason: string };

const patience = 20_000;
const largest = 1024 * 1024;

/** Asks the service whose account this is, by the tool the connector's `identity` names. Stores nothing. */
export async function identifyAccount(
  drivers: Pick<Drivers, 'invoke' | 'forget'>,
  at: { target: Target; file: ConnectorFile | null; credential: CredentialRef },
): Promise<Identified> {
  const asking = askedBy(at.file);
  if (!asking) return { kind: 'unknown' };
  try {
    return readIdentity(asking.identity, await askIdentity(drivers, at, asking));
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'upstream') throw error;
    if (error.details['status'] === 401) return refused;
    if (error.code === 'credential_unreadable') return unsendable;
    return { kind: 'unknown' };
  }
}

/** How a connector asks whose account it is. */
export type Asking = {
  identity: NonNullable<ConnectorFile['identity']>;
  tool: ConnectorFile['tools'][number];
};

/** Null for a connector that names no way to ask. */
export function askedBy(file: ConnectorFile | null): Asking | null {
  const identity = file?.identity;
  const tool = file?.tools.find((candidate) => candidate.name === identity?.tool);
  return identity && tool ? { identity, tool } : null;
}

/** The one request, signed with what is to be asked about. Fault `upstream` where nothing came back. */
export async function askIdentity(
  drivers: Pick<Drivers, 'invoke'>,
  at: { target: Target; credential: CredentialRef | null },
  { tool }: Asking,
): Promise<Reply> {
  const traceId = drawHex(16);
  return drivers.invoke({
    target: at.target,
    credential: at.credential,
    binding: tool.binding,
    arguments: defaultsOf(tool.inputSchema),
    signal: AbortSignal.timeout(patience),
    maxBytes: largest,
    traceparent: `00-${traceId}-${traceId.slice(8, 24)}-01`,
    idempotent: tool.idempotent,
  });
}

const refused: Identified = {
  kind: 'refused',
  reason: 'The service refused it (401): it is mistyped, has run out or was revoked. Nothing was stored.',
};

const unsendable: Identified = {
  kind: 'refused',
  reason: 'It has characters in it that no request can carry: copy it again. Nothing was stored.',
};

/** 401 refuses the account; other errors say nothing about it. An answer without the account is nobody's. */
export function readIdentity(identity: { label: string; id?: string }, reply: Reply): Identified {
  if (reply.isError) return reply.status === 401 ? refused : { kind: 'unknown' };
  const id = textAt(reply.value, identity.id ?? identity.label);
  if (id === null) {
    return {
      kind: 'refused',
      reason: 'The service answered, but as nobody in particular: it did not take it. Nothing was stored.',
    };
  }
  return { kind: 'known', account: { id, label: textAt(reply.value, identity.label) ?? id } };
}

/** The text or number at a dotted path, cut to what a page can show; null where there is none. */
function textAt(value: Json | undefined, path: string): string | null {
  let at: unknown = value;
  for (const name of path.split('.')) at = isObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  if (typeof at === 'number') return String(at);
  if (typeof at !== 'string' || at === '') return null;
  return at.slice(0, 200).toWellFormed().replaceAll('\u0000', '');
}

/** What the tool's schema gives by itself: nobody is asked for more. */
function defaultsOf(schema: unknown): Arguments {
  const properties = isObject(schema) && isObject(schema['properties']) ? schema['properties'] : {};
  const pairs = Object.entries(properties).flatMap(([name, field]) =>
    isObject(field) && field['default'] !== undefined ? [[name, field['default'] as Json] as const] : [],
  );
  return Object.fromEntries(pairs);
}

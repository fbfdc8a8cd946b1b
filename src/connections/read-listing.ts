import { Fault } from '../kernel/index.ts';
import type { Definition, ImportedDocument } from '../connectors/index.ts';
import { missingScopes, type CredentialRef, type Listing, type Refusal } from '../drivers/index.ts';
import { findCredentials, type Owner } from '../vault/index.ts';
import { targetOf, type Connection } from './connection.ts';
import type { CredentialState } from './refresh/credential-keeper.ts';
import { credentialRefOf } from './credential-ref.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { missingIn } from './sign-in.ts';
import { deadline } from './deadline.ts';

/** Longest a listing may take, all pages together. */
const patience = 30_000;

/** The credential one owner signs in with, or null where there is none. */
export async function credentialFor(
  ctx: Pick<ConnectionsCtx, 'database'>,
  connection: Connection,
  owner: Owner,
): Promise<CredentialRef | null> {
  const { organizationId } = connection;
  if (connection.auth.type === 'none') return null;
  const [found] = await ctx.database.transaction({ organizationId }, (tx) =>
    findCredentials(tx, organizationId, { connectionId: connection.id, owner }),
  );
  // With half of what it takes nobody is asked.
  return found && missingIn(found).length === 0 ? credentialRefOf(organizationId, found) : null;
}

export type ReadListing =
  | {
      ok: true;
      definitions: readonly Definition[];
      server: { name: string; version: string } | null;
      instructions: string | null;
      /** The document they were read from, where it was one. */
      imported?: ImportedDocument;
    }
  | { ok: false; reason: string };

/**
 * Asks an MCP server for its tools, as the organization unless another owner's account is all there is. A service
 * that does not answer is a reason, not a failure.
 */
export async function readListing(
  ctx: Pick<ConnectionsCtx, 'database' | 'drivers' | 'keeper'>,
  connection: Connection,
  options: { owner?: Owner; ending?: AbortSignal | undefined } = {},
): Promise<ReadListing> {
  const { owner = { type: 'organization', id: connection.organizationId }, ending } = options;
  try {
    const credential = await credentialFor(ctx, connection, owner);
    return { ok: true, ...(await listAs(ctx, connection, credential, deadline(patience, ending))) };
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'upstream') throw error;
    return { ok: false, reason: error.message };
  }
}

/** A listing that is refused is tried once more where the credential has changed or was refreshed. */
async function listAs(
  { drivers, keeper }: Pick<ConnectionsCtx, 'drivers' | 'keeper'>,
  connection: Connection,
  credential: CredentialRef | null,
  signal: AbortSignal,
): Promise<Listing> {
  const target = targetOf(connection);
  if (!credential) return drivers.list(target, null, signal);
  const usable = (state: CredentialState): CredentialRef => {
    if (state.ok) return state.ref;
    throw new Fault('upstream', state.message, { code: state.reason });
  };
  const ref = usable(await keeper.ready(credential));
  try {
    return await drivers.list(target, ref, signal);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'unauthorized') throw error;
    const refusal = error.details['refusal'] as Refusal | undefined;
    const missing = refusal ? missingScopes(refusal) : null;
    if (missing) usable(await keeper.lacks(ref, missing));
    if (error.details['status'] !== 401) throw error;
    return drivers.list(target, usable(await keeper.refused(ref, refusal?.error ?? null)), signal);
  }
}

import { systemChange } from '../../access/index.ts';
import { scopesToAsk, type CredentialRef, type OAuthGrant, type OAuthServer } from '../../drivers/index.ts';
import type { Tx } from '../../kernel/index.ts';
import { findCredentials, markCredential, type Credential, type Owner } from '../../vault/index.ts';
import { holdCredential, type SettleDeps } from '../refresh/settle-credential.ts';

/**
 * A service asks for more scopes than an account was granted: notes what whoever connects it next is asked for, which
 * is all it has and what is missing. Nothing else of the account changes. Null where asking is of no use: nobody
 * consents to it, it is said to be granted, or it was asked for too often.
 */
export function wantScopes(
  deps: SettleDeps,
  { organizationId, credentialId }: CredentialRef,
  missing: readonly string[],
): Promise<readonly string[] | null> {
  const target = { type: 'credential', id: credentialId };
  type Wanted = readonly string[] | null;
  return systemChange<Wanted>(deps, organizationId, 'credential.scopes_wanted', async (tx) => {
    const asIs = (result: Wanted) => ({ result, target, changes: null });
    const held = await holdCredential(tx, { organizationId, credentialId });
    if (!held || !isConsented(held.credential)) return asIs(null);
    const { credential, connection } = held;
    const wanted = wantedNow(credential, missing);
    if (wanted === null || wanted === credential.wantedScopes) return asIs(wanted);
    const stepUps = credential.stepUps + 1;
    const at = { credentialId, version: credential.version };
    await markCredential(tx, organizationId, at, { wantedScopes: wanted, stepUps });
    const owner = `${credential.owner.type}:${credential.owner.id}`;
    return { result: wanted, target, changes: { connection: connection.slug, owner, missing, stepUps } };
  });
}

const isConsented = ({ oauth }: Credential): boolean =>
  (oauth as OAuthGrant | null)?.grant === 'authorization_code';

/** What to ask for. Whoever misses what is noted already does not count as another step. */
export function wantedNow(
  { scopes, wantedScopes, stepUps }: Pick<Credential, 'scopes' | 'wantedScopes' | 'stepUps'>,
  missing: readonly string[],
): readonly string[] | null {
  const granted = scopes ?? [];
  if (missing.every((scope) => granted.includes(scope))) return null;
  if (wantedScopes && missing.every((scope) => wantedScopes.includes(scope))) return wantedScopes;
  const challenge = { error: 'insufficient_scope', scopes: missing, resourceMetadata: null };
  return scopesToAsk([...granted, ...(wantedScopes ?? [])], challenge, stepUps);
}

/** What a new authorization takes over from the one whose place it takes: who got what was wanted begins to count anew. */
export function stepUpAfter(
  before: Pick<Credential, 'wantedScopes' | 'stepUps'> | undefined,
  granted: readonly string[] | null,
): Pick<Credential, 'wantedScopes' | 'stepUps'> {
  const wanted = before?.wantedScopes ?? [];
  const got = wanted.filter((scope) => granted?.includes(scope));
  const isMet = wanted.length > 0 && got.length === wanted.length;
  // What was granted is asked for again at every later consent; what was not waits for the service to want it again.
  return { wantedScopes: got.length > 0 ? got : null, stepUps: isMet ? 0 : (before?.stepUps ?? 0) };
}

/** What the owner's account is to be asked for beyond the usual. */
export async function wantedOf(
  tx: Tx,
  organizationId: string,
  of: { connectionId: string; owner: Owner },
): Promise<readonly string[]> {
  const [credential] = await findCredentials(tx, organizationId, of);
  return credential?.wantedScopes ?? [];
}

/** The server, asked for these too. */
export const askingFor = (server: OAuthServer, wanted: readonly string[]): OAuthServer =>
  wanted.length === 0 ? server : { ...server, scopes: [...new Set([...server.scopes, ...wanted])] };

/** The service knows no such scope: wanting it on would keep the account from ever being connected again. */
export async function wantNothing(
  tx: Tx,
  organizationId: string,
  of: { connectionId: string; owner: Owner },
): Promise<void> {
  const [credential] = await findCredentials(tx, organizationId, of);
  if (!credential?.wantedScopes) return;
  const at = { credentialId: credential.id, version: credential.version };
  await markCredential(tx, organizationId, at, { wantedScopes: null });
}

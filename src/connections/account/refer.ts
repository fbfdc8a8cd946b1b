import type { AuthMethod } from '../../connectors/index.ts';
import {
  bodyProblem,
  canonicalJson,
  parseId,
  type JsonPath,
  type Problem,
  type Tx,
} from '../../kernel/index.ts';
import { referToVaultSecret, type Credential } from '../../vault/index.ts';
import type { Connection } from '../connection.ts';
import { credentialFieldNames, missingIn } from '../sign-in.ts';
import { authModeOf } from './sign-in-choice.ts';

/** What the fields of a credential are taken from, by name. */
export type Referred = Readonly<Record<string, { vaultId: string; secretId: string }>>;

export const idsOf = (refs: Referred): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(refs).map(([field, { vaultId }]) => [field, vaultId]));

/** The fields that may refer to secrets: those of methods that are given by hand. */
export const referableFields = (method: AuthMethod): readonly string[] =>
  authModeOf(method) === 'vault' ? credentialFieldNames(method) : [];

/** Whether a credential is taken from just these secrets, and nothing is wrong with it that another try would mend. */
export function isReferred(
  credential: Credential | undefined,
  wished: Readonly<Record<string, string>>,
): boolean {
  const ids = Object.entries(wished).map(([field, named]) => [field, parseId(named) ?? named]);
  if (canonicalJson(Object.fromEntries(ids)) !== canonicalJson(credential?.refs ?? {})) return false;
  return ids.length === 0 || credential!.status === 'connected' || missingIn(credential!).length > 0;
}

/** Looks up what the references point at, each problem at its field. */
export async function referAll(
  tx: Tx,
  { organizationId, workspaceId }: Connection,
  method: AuthMethod,
  refs: Readonly<Record<string, string>>,
  path: JsonPath,
): Promise<{ found: Referred; problems: readonly Problem[] }> {
  const fields = referableFields(method);
  const found: Record<string, { vaultId: string; secretId: string }> = {};
  const problems: Problem[] = [];
  for (const [field, named] of Object.entries(refs)) {
    const at = [...path, field];
    if (!fields.includes(field)) {
      problems.push(bodyProblem('extra_forbidden', at, 'Extra inputs are not permitted'));
      continue;
    }
    const id = parseId(named);
    const secret = id === null ? null : await referToVaultSecret(tx, organizationId, id, workspaceId);
    if (secret) found[field] = secret;
    else problems.push(noSuchSecret(at));
  }
  return { found, problems };
}

/** One sentence for absent, foreign and another workspace's. */
export const noSuchSecret = (path: JsonPath): Problem =>
  bodyProblem('value_error', path, 'No such secret can be used in this workspace.');

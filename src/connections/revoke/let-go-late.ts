import type { OAuthGrant, Tokens } from '../../drivers/index.ts';
import { fieldsOf } from '../consent/had.ts';
import { letGo } from './let-go.ts';
import { keepFields } from '../clients/obtain.ts';
import { runRevocation, type RevocationDeps } from './run-revocation.ts';
import type { Held } from '../refresh/settle-credential.ts';

/**
 * Tokens that came for a credential that is gone by now are let go as those it had were: revoked where that takes
 * nothing from anybody else's. Nobody waits for it, and it never throws. Tokens that a newer refresh of the same
 * credential has overtaken are dropped instead: they are of one family with the newer ones, and revoking one of a
 * family ends it.
 */
export async function letGoLate(
  deps: RevocationDeps & { onError: (error: unknown, what: string) => void },
  { credential, connection }: Held,
  tokens: Tokens,
): Promise<void> {
  const { organizationId } = connection;
  const { id, owner, identity } = credential;
  try {
    const revocation = await deps.database.transaction({ organizationId }, async (tx) => {
      const sealed = await keepFields(tx, deps.vault, organizationId, fieldsOf(tokens));
      const grant = credential.oauth as OAuthGrant;
      return letGo(tx, deps, connection, [
        { id, owner: `${owner.type}:${owner.id}`, sealed, grant, identity },
      ]);
    });
    await runRevocation(deps, organizationId, revocation);
  } catch (error) {
    deps.onError(error, 'letting go of tokens that came too late');
  }
}

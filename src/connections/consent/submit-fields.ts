import { Fault, type Tx } from '../../kernel/index.ts';
import type { FlowStep } from './connect-flow.ts';
import { deadLink, holdLink, type Entered, type FlowDeps } from './enter-link.ts';
import type { Had } from './had.ts';
import { clientTokens, keepFields, keepTokens } from '../clients/obtain.ts';
import { dropAuthorizations, insertPending } from './pending.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { failFlow, settleAccount } from './settle-account.ts';
import { checkAskedFields, isByHand, type CredentialFields } from '../sign-in.ts';
import { signInAt, type SignInAt } from './sign-in-at.ts';

/**
 * Takes what a person typed: sealed before the service is asked whose it is, and stored only then. For client
 * credentials nothing is typed, and the token is had at once. Fault `invalid` for wrong fields.
 */
export async function submitFields(
  deps: FlowDeps,
  entered: Entered,
  fields: CredentialFields,
): Promise<FlowStep> {
  const { organizationId } = entered.link;
  const at = await deps.database.transaction({ organizationId }, (tx) =>
    signInAt(tx, deps, entered.connection),
  );
  const { method } = at;
  if (method.type === 'none' || !(isByHand(method) || method.type === 'oauth2_client_credentials')) {
    throw new Fault('conflict', 'This connection signs in at the service.', { code: 'not_by_hand' });
  }
  checkAskedFields(method, fields, []);
  const got = isByHand(method) ? null : await tokensOrFault(deps, at);
  if (got instanceof Fault) {
    return failFlow(deps, entered, { id: null, error: got.code, reason: got.message });
  }
  const seal = async (tx: Tx): Promise<Had> =>
    got
      ? keepTokens(tx, deps.vault, organizationId, got)
      : {
          method,
          sealed: await keepFields(tx, deps.vault, organizationId, fields),
          grant: null,
          expiresAt: null,
          scopes: null,
        };
  const { id, had, revocation } = await deps.database.transaction({ organizationId }, async (tx) => {
    const held = await holdLink(tx, deps, entered);
    if (!held) throw deadLink();
    const dropped = await dropAuthorizations(tx, deps, held);
    const sealed = await seal(tx);
    return { id: await insertPending(tx, deps, held, sealed), had: sealed, revocation: dropped };
  });
  await runRevocation(deps, organizationId, revocation);
  return settleAccount(deps, entered, id, had);
}

async function tokensOrFault(
  deps: FlowDeps,
  at: SignInAt,
): Promise<Awaited<ReturnType<typeof clientTokens>> | Fault> {
  try {
    return await clientTokens(deps, at);
  } catch (error) {
    if (error instanceof Fault && error.kind === 'upstream') return error;
    throw error;
  }
}

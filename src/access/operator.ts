import type { Tx } from '../kernel/index.ts';
import { principalOf } from './authenticate.ts';
import type { Principal } from './principal.ts';
import { findOperatorKey } from './store.ts';

/**
 * Whom the program acts as when nobody asked: the operator, as their oldest admin key, for the sample at the
 * first start and for repairs from the command line. Null before there is one. Needs a system transaction.
 */
export async function operatorPrincipal(tx: Tx): Promise<Principal | null> {
  const row = await findOperatorKey(tx);
  return row ? { ...principalOf(row), isOperator: true } : null;
}

import { authorize, type Ctx } from '../../access/index.ts';
import { assertSpeaksForAll } from '../credentials.ts';

/** What the organization signs in with serves everybody: whoever changes that needs more than `tools:write`. */
export function authorizeSecrets({ caller }: Pick<Ctx, 'caller'>): void {
  authorize(caller.principal, 'credentials:write');
  assertSpeaksForAll(caller.principal);
}

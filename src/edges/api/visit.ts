import type { HttpBindings } from '@hono/node-server';
import type { Principal } from '../../access/index.ts';
import type { Entered } from '../door/index.ts';

/**
 * What is learned of a request on its way: read again when it is over, for logs and metrics. `left` is aborted when
 * the client goes before it has its answer.
 */
export type Visit = {
  entered: Entered;
  arrivedAt: number;
  principal: Principal | null;
  pattern: string;
  left: AbortSignal;
};

export type Env = { Bindings: HttpBindings & { visit: Visit } };

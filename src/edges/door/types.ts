import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../access/index.ts';

/** A request that passed the door: Host and Origin are ours, the id is set on the response. */
export type Entered = {
  requestId: string;
  /** Path without the query, percent-decoding not applied, as sent. */
  path: string;
  query: URLSearchParams;
};

/** The one place every request passes, before any protocol sees it. */
export type Door = {
  /**
   * Gives the request its id and checks Host and Origin. Answers null when it has refused (and answered)
   * the request itself.
   */
  enter(request: IncomingMessage, response: ServerResponse): Entered | null;
  /** Who is calling; Fault `unauthenticated`. At once, without a promise, where the key was seen before. */
  identify(request: IncomingMessage): Principal | Promise<Principal>;
};

import type { Logger } from 'pino';
import type { Caller, UserHooks } from '../../access/index.ts';
import type { ConnectionsCtx } from '../../connections/index.ts';
import type { FullGateway } from '../../gateway/index.ts';
import type { CallJournal, RequestJournal } from '../../journal/index.ts';
import type { Clock, Cursors, Database } from '../../kernel/index.ts';
import type { Deliverer } from '../../notices/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { Door } from '../door/index.ts';
import type { CallFeed } from './call-feed.ts';
import type { Metrics } from './metrics.ts';

/** What the API is made of, handed over once by whoever composes the program. */
export type ApiDeps = {
  database: Database;
  clock: Clock;
  vault: Vault;
  gateway: FullGateway;
  /** The RFC 9728 document served at a path under /.well-known/oauth-protected-resource; null for none. */
  resourceMetadata: (path: string) => object | null;
  /** What commands on connections, tools and packs need, for one caller. */
  ctxFor: (caller: Caller) => ConnectionsCtx;
  door: Door;
  /** Whose connection it is, past the proxies that are trusted; null where nobody can say. */
  clientAddress: (peer: string | undefined, forwardedFor: string | undefined) => string | null;
  cursors: Cursors;
  callJournal: CallJournal;
  requestJournal: RequestJournal;
  /** Ended calls of this process, for the live call log; fed by the call journal's `onEnd`. */
  callFeed: CallFeed;
  deliverer: Deliverer;
  metrics: Metrics;
  /** The origin of every link, without a trailing slash. */
  publicUrl: string;
  version: string;
  log: Logger;
  /** The folder of migrations that must have run before we are ready. */
  migrations: string;
  /** Rejects when the master key does not open what is stored. */
  checkMasterKey: () => Promise<void>;
  /** Aborted when the program begins to stop: not ready any more, streams end. */
  stopping: AbortSignal;
  userHooks: UserHooks;
};

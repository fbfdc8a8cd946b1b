import type { Clock, Tx } from '../kernel/index.ts';
import type { Definition } from '../connectors/index.ts';
import type { Connection } from './connection.ts';
import type { Link } from './consent/link.ts';

/** What a listing brought: names of tools, by what became of them. */
export type SyncResult = {
  added: readonly string[];
  changed: readonly string[];
  removed: readonly string[];
  unchanged: number;
  /** What of it waits for a person. */
  held: readonly HeldTool[];
  /** What of that is news: it was not held before, or in another form. */
  newlyHeld: readonly HeldTool[];
  /** Whether anything that is served moved. */
  moved: boolean;
};

/** A tool of which the service says something else than what is served, until a person accepts it. */
export type HeldTool = {
  toolId: string;
  slug: string;
  kind: 'added' | 'changed' | 'removed';
  class: 'text' | 'widening' | 'breaking' | 'permission' | 'added' | 'removed';
};

/** A service's tools as it lists them now. */
export type Listed = { definitions: readonly Definition[]; first: boolean; enable: boolean };

/** `version`: the one the connection is on from now on, and what was accepted with it; null: the one it was on. */
export type TakenListing = SyncResult & {
  version: { number: number; definitions: readonly Definition[] } | null;
};

export type Use = { type: 'pack' | 'agent'; id: string; name: string };

/** An agent that a connection's failure has deactivated. */
export type HeldAgent = { id: string; handle: string; name: string };

/**
 * What later rooms keep for a connection and do in its transactions. Declared here, wired in main.ts, so
 * that this room knows nothing of tools and packs.
 */
export type ConnectionHooks = {
  /**
   * The service's tools were read. Curation stays; what changed is held, as far as the connection's policy does not
   * accept it by itself.
   */
  onListed(tx: Tx, clock: Clock, connection: Connection, listing: Listed): Promise<TakenListing>;
  /** Who would miss the connection. */
  findUses(tx: Tx, connection: Connection): Promise<readonly Use[]>;
  /** The connection's status has moved, in this transaction: whatever follows from it follows in it. */
  onFlip(tx: Tx, clock: Clock, flip: { before: Connection; after: Connection }): Promise<void>;
  /** Whom a failure of this connection has held. */
  findHeld(tx: Tx, connection: Connection): Promise<readonly HeldAgent[]>;
  /** Activates held agents again, all or these; answers whom. Part of a reconnect. */
  activateHeld(
    tx: Tx,
    clock: Clock,
    connection: Connection,
    agentIds: readonly string[] | 'all',
  ): Promise<readonly HeldAgent[]>;
  /** Whether a link still is what it was made for: the packs it speaks for give its connection the same auth scope. */
  isLinkCurrent(tx: Tx, link: Link): Promise<boolean>;
  /**
   * Everything of the organization is made void: webhooks are turned off, in a transaction of its own before any
   * connection moves. A dry run answers which.
   */
  disableWebhooks(
    tx: Tx,
    clock: Clock,
    options: { isDryRun: boolean },
  ): Promise<readonly { id: string; url: string }[]>;
  /** The connection goes: whatever hangs on it goes first. */
  onRemove(tx: Tx, connection: Connection): Promise<void>;
};

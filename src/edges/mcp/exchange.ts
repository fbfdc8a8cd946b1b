import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Principal } from '../../access/index.ts';
import type { Gateway, Address, View } from '../../gateway/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { Codec } from './codec.ts';
import type { Door } from '../door/index.ts';
import type { Elicitations } from './elicitations.ts';
import type { InFlight } from './in-flight.ts';
import type { ToolList } from './list-tools.ts';
import type { LegacyRevision } from './revisions.ts';
import type { Sessions } from './sessions.ts';
import type { Streams } from './streams.ts';

export type Log = { error(facts: object, message: string): void };

/** One HTTP request whose caller is known and may see the pack it names. */
export type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  requestId: string;
  principal: Principal;
  address: Address;
  view: View;
};

/** What the parts of the edge work with, built once. */
export type Parts = {
  gateway: Gateway;
  door: Door;
  /** The `WWW-Authenticate` of a 401 at this path. */
  challenge: (path: string) => string;
  clock: Clock;
  log: Log;
  sessions: Sessions;
  inFlight: InFlight;
  streams: Streams;
  elicitations: Elicitations;
  /** Aborted when the process begins to stop: nobody is waited for any longer. */
  stopping: AbortSignal;
  toolList: ToolList;
  modern: Codec;
  legacy: Readonly<Record<LegacyRevision, Codec>>;
};

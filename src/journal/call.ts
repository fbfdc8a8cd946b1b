import type { Tx } from '../kernel/index.ts';
import type { OutboxEvent } from './outbox.ts';

/** How a call ended. `started` is a call without an end yet; `unknown` one whose end was never seen. */
export type CallOutcome = 'ok' | 'failed' | 'denied' | 'unknown' | 'cancelled';

/** The first of a call's two rows: durable before anything leaves. */
export type CallStart = {
  organizationId: string;
  callId: string;
  startedAt: Date;
  /** After this moment a call without an end counts as lost. */
  deadlineAt: Date;
  /** The name the caller used, cut to 128 characters. */
  tool: string;
  toolId: string | null;
  connectionId: string | null;
  packId: string | null;
  principal: { type: string; id: string };
  registeredUserId: string | null;
  /** Whose credential it ran with: `organization`, `company:<id>`, `user:<id>`, `none`. */
  ranAs: string | null;
  protocol: string;
  traceId: string;
  /** What it asked for, or ran by. */
  approvalId?: string | null;
};

/** The second row: what became of it. */
export type CallEnd = {
  organizationId: string;
  callId: string;
  endedAt: Date;
  outcome: CallOutcome;
  /** A short word for what stopped it: `pinned`, `timeout`, `status_404`. */
  reason: string | null;
  /** Microseconds in the gateway and at the service. */
  gatewayUs: number;
  upstreamUs: number;
  bytesRaw: number | null;
  bytesServed: number | null;
  /** What the agent saw, cut, sealed by the caller; null when nothing was served. */
  view: { sealed: Buffer; keyVersion: number } | null;
  /** What webhooks hear of it: of a denied call alone. */
  event?: OutboxEvent;
};

/** A call's arguments as the agent sent them, sealed by the caller: for some days, to try changes on. */
export type KeptArguments = {
  organizationId: string;
  callId: string;
  connectionId: string;
  toolId: string;
  packId: string;
  outcome: CallOutcome;
  keptAt: Date;
  arguments: { sealed: Buffer; keyVersion: number };
};

export type CallRecord = CallStart & Partial<Omit<CallEnd, 'organizationId' | 'callId' | 'event'>>;

/** Where calls are written down. */
export type CallJournal = {
  /** Resolves when the row is durable. Rejects with Fault `unavailable`: no row, no call. */
  start(row: CallStart): Promise<void>;
  /** The same inside a transaction, which makes it durable together with what it depends on. */
  startWithin(tx: Tx, row: CallStart): Promise<void>;
  /** Queued; written with others shortly after. */
  end(row: CallEnd): void;
  /** Queued as it is; made, and written with others, after the ends. Null: there is nothing to keep. */
  keep(make: () => Promise<KeptArguments | null>): void;
  /** Resolves when everything queued so far is written. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

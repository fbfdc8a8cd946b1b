import type { Principal } from '../access/index.ts';
import type { CallEnd, CallJournal, CallOutcome, CallStart, OutboxEvent } from '../journal/index.ts';
import { drawHex, newId, type Clock } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import { sealArguments, type ToKeep } from './kept-arguments.ts';

/** How much of what an agent saw is kept with its call, in bytes. */
export const viewBytes = 2_048;
const nameLength = 128;

/** One call being written down: its start before anything leaves, its end when the answer is known. */
export type CallRecording = {
  callId: string;
  traceId: string;
  /** The start as it is written: for who makes it durable together with more. */
  row: CallStart;
  start(): Promise<void>;
  end(end: {
    outcome: CallOutcome;
    reason: string | null;
    upstreamMs: number;
    bytesRaw: number | null;
    served: string | null;
    /** What was asked of the service, to try later changes on. */
    keep?: ToKeep;
  }): void;
};

export type RecordFacts = {
  principal: Principal;
  tool: string;
  protocol: string;
  packId: string | null;
  userId: string | null;
  toolId: string | null;
  connectionId: string | null;
  ranAs: string | null;
  timeout: number;
};

export type Recorder = { open(facts: RecordFacts): CallRecording; drain(): Promise<void> };

export function createRecorder(deps: {
  calls: CallJournal;
  clock: Clock;
  vault: Vault;
  onError: (error: unknown, what: string) => void;
  keepsArguments?: boolean;
}): Recorder {
  const sealing = new Set<Promise<void>>();

  const sealView = async (row: CallEnd, served: string): Promise<void> => {
    try {
      const cut = Buffer.from(served, 'utf8').subarray(0, viewBytes);
      row.view = await deps.vault.seal(row.organizationId, viewContext(row.callId), cut);
    } catch (error) {
      deps.onError(error, 'sealing a call’s view');
    }
    deps.calls.end(row);
  };

  return {
    open(facts) {
      const callId = newId<'call'>();
      const traceId = drawHex(16);
      const startedAt = deps.clock.now();
      const begun = performance.now();
      const { organizationId } = facts.principal;
      const start: CallStart = {
        organizationId,
        callId,
        startedAt,
        deadlineAt: new Date(startedAt.getTime() + facts.timeout + 30_000),
        tool: facts.tool.slice(0, nameLength).toWellFormed().replaceAll('\u0000', '�'),
        toolId: facts.toolId,
        connectionId: facts.connectionId,
        packId: facts.packId,
        principal: { type: facts.principal.type, id: facts.principal.id },
        registeredUserId: facts.userId,
        ranAs: facts.ranAs,
        protocol: facts.protocol,
        traceId,
      };
      return {
        callId,
        traceId,
        row: start,
        start: () => deps.calls.start(start),
        end({ outcome, reason, upstreamMs, bytesRaw, served, keep }) {
          const total = performance.now() - begun;
          const row: CallEnd = {
            organizationId,
            callId,
            endedAt: deps.clock.now(),
            outcome,
            reason,
            gatewayUs: Math.round((total - upstreamMs) * 1000),
            upstreamUs: Math.round(upstreamMs * 1000),
            bytesRaw,
            bytesServed: served === null ? null : Buffer.byteLength(served),
            view: null,
            ...(outcome === 'denied' && reason !== 'confirmation_required'
              ? { event: deniedEvent(start, reason) }
              : {}),
          };
          if (keep?.tool.keepsArguments && deps.keepsArguments !== false) {
            deps.calls.keep(() => sealArguments(deps.vault, start, keep, row));
          }
          if (served === null) return deps.calls.end(row);
          const work = sealView(row, served).finally(() => sealing.delete(work));
          sealing.add(work);
        },
      };
    },
    async drain() {
      await Promise.all(sealing);
      await deps.calls.drain();
    },
  };
}

/** What webhooks hear of a call that was refused (of one that asks they hear `approval.requested`): who tried what, and which rule said no. */
const deniedEvent = (start: CallStart, reason: string | null): OutboxEvent => ({
  type: 'call.denied',
  data: {
    call_id: start.callId,
    tool: start.tool,
    reason,
    connection_id: start.connectionId,
    pack_id: start.packId,
    principal: start.principal,
    registered_user_id: start.registeredUserId,
  },
});

/** Binds a sealed view to its call. */
export const viewContext = (callId: string): string => `call-view:${callId}`;

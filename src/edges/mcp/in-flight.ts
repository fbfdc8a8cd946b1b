import type { RequestId } from './message.ts';
import type { Session } from './sessions.ts';
import { Fault, isObject, type Bus, type Database, type Json } from '../../kernel/index.ts';

/** Calls of sessions that have not ended yet, so that a later message can cancel one. */
export type InFlight = {
  /** Runs until the returned function is called. */
  enter(session: Session, id: RequestId, controller: AbortController): () => void;
  /** `notifications/cancelled`: ends the session's own request of that id, on whichever replica it runs. */
  cancel(session: Session, requestId: Json | undefined): Promise<void>;
  close(): void;
};

const topic = 'mcp-cancelled';
/** A notification between replicas is small; no client needs longer ids. */
const longestId = 200;

/** Why a call's signal is aborted, for whoever reports on it. */
export const cancelledByClient = (): Fault => new Fault('invalid', 'The client cancelled the request.');

export function createInFlight(deps: { database: Database; bus: Bus }): InFlight {
  const running = new Map<string, AbortController>();

  const abort = (name: string): boolean => {
    const controller = running.get(name);
    controller?.abort(cancelledByClient());
    return controller !== undefined;
  };

  const unsubscribe = deps.bus.subscribe((message) => {
    if (message.topic === topic && message.subject !== undefined) abort(message.subject);
  });

  return {
    enter(session, id, controller) {
      const name = nameOf(session, id);
      running.set(name, controller);
      return () => {
        if (running.get(name) === controller) running.delete(name);
      };
    },
    async cancel(session, requestId) {
      if (typeof requestId !== 'string' && typeof requestId !== 'number') return;
      const name = nameOf(session, requestId);
      if (abort(name) || deps.database.kind === 'embedded' || name.length > longestId) return;
      const { organizationId } = session;
      await deps.database.transaction({ organizationId }, async (tx) =>
        tx.notify({ topic, organizationId, subject: name }),
      );
    },
    close: unsubscribe,
  };
}

/** 1 and "1" are two ids. */
const nameOf = (session: Session, id: RequestId): string => `${session.tag} ${JSON.stringify(id)}`;

/** The id a `notifications/cancelled` names. */
export const cancelledId = (params: Json): Json | undefined =>
  isObject(params) ? params['requestId'] : undefined;

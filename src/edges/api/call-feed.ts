import { EventEmitter } from 'node:events';
import type { CallEnd } from '../../journal/index.ts';

/** Tells of calls as they end in this process. */
export type CallFeed = {
  publish(end: CallEnd): void;
  /** Answers how to stop listening. */
  subscribe(organizationId: string, listener: (callId: string) => void): () => void;
};

export function createCallFeed(): CallFeed {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    publish: (end) => void emitter.emit(end.organizationId, end.callId),
    subscribe(organizationId, listener) {
      emitter.on(organizationId, listener);
      return () => void emitter.off(organizationId, listener);
    },
  };
}

import { getCall } from '../../../../access/index.ts';
import { Fault } from '../../../../kernel/index.ts';
import type { Asked } from '../../route.ts';
import { writeCall } from './codec.ts';

const heartbeat = 15_000;
const waitingAtMost = 1000;

/**
 * Calls of the caller's organization as they end in this process. Whether the key still holds is asked again
 * before each event and at each heartbeat, so that a revoked key's stream ends.
 */
export function streamCalls(asked: Asked): Response {
  const { ctx, deps, signal, incoming } = asked;
  const text = new TextEncoder();
  const waiting: string[] = [];
  let wake: (() => void) | null = null;
  const { organizationId } = ctx.caller.principal;
  const stop = deps.callFeed.subscribe(organizationId, (callId) => {
    // A reader that cannot keep up misses events rather than filling our memory; the list has them all.
    if (waiting.length < waitingAtMost) waiting.push(callId);
    wake?.();
  });
  const ended = AbortSignal.any([signal, deps.stopping]);

  const next = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.length > 0 || ended.aborted) return resolve();
      const timer = setTimeout(() => done(), heartbeat);
      const done = (): void => {
        clearTimeout(timer);
        ended.removeEventListener('abort', done);
        wake = null;
        resolve();
      };
      ended.addEventListener('abort', done);
      wake = done;
    });

  const event = async (callId: string): Promise<string | null> => {
    try {
      return `event: call\nid: ${callId}\ndata: ${JSON.stringify(writeCall(await getCall(ctx, callId)))}\n\n`;
    } catch (error) {
      if (error instanceof Fault && error.kind === 'not_found') return null; // outside what the key is bound to
      throw error;
    }
  };

  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(text.encode(': listening\n\n')),
    async pull(controller) {
      try {
        await next();
        await deps.door.identify(incoming);
        if (ended.aborted) return finish(controller);
        const batch = waiting.splice(0);
        if (batch.length === 0) return controller.enqueue(text.encode(': still here\n\n'));
        await deps.callJournal.drain();
        const said: string[] = [];
        for (const callId of batch) said.push((await event(callId)) ?? '');
        // Something is always said, or the stream would not be asked to go on.
        controller.enqueue(text.encode(said.join('') || ': still here\n\n'));
      } catch {
        finish(controller);
      }
    },
    cancel: () => stop(),
  });
  const finish = (controller: ReadableStreamDefaultController): void => {
    stop();
    if (!signal.aborted) controller.close();
  };
  return new Response(body, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' },
  });
}

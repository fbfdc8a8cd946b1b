import type { Arguments, Drivers, Reply } from '../drivers/index.ts';
import { Fault } from '../kernel/index.ts';
import type { CallAuthority, CompiledTool } from './compiled-tool.ts';
import type { Progress } from './types.ts';

export type Dispatched = { reply: Reply; upstreamMs: number } | { fault: Fault; upstreamMs: number };

export type DispatchCall = {
  tool: CompiledTool;
  authority: Exclude<CallAuthority, { kind: 'missing' }>;
  arguments: Arguments;
  signal: AbortSignal;
  timeout: number;
  maxBytes: number;
  traceId: string;
  onProgress?: (progress: Progress) => void;
};

/**
 * Hands one call to its driver, with a deadline. What the service or the way to it does wrong comes back as
 * a value; only our own errors are thrown.
 */
export async function dispatch(drivers: Drivers, call: DispatchCall): Promise<Dispatched> {
  const { tool, signal } = call;
  const controller = new AbortController();
  const leave = (): void => controller.abort(signal.reason);
  const timer = setTimeout(
    () => controller.abort(new DOMException('The call took too long.', 'TimeoutError')),
    call.timeout,
  );
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  const begun = performance.now();
  try {
    const reply = await drivers.invoke({
      target: tool.target,
      credential: call.authority.kind === 'credential' ? call.authority.credential : null,
      binding: tool.binding,
      arguments: call.arguments,
      signal: controller.signal,
      maxBytes: call.maxBytes,
      traceparent: `00-${call.traceId}-${call.traceId.slice(8, 24)}-01`,
      idempotent: tool.idempotent,
      onProgress: call.onProgress,
    });
    return { reply, upstreamMs: performance.now() - begun };
  } catch (error) {
    if (!(error instanceof Fault) || error.kind === 'internal') throw error;
    return { fault: error, upstreamMs: performance.now() - begun };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', leave);
  }
}

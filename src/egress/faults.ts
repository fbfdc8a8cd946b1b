import { Fault } from '../kernel/index.ts';

/** Said alike for what is refused at the socket, closed, filtered, unresolvable or reset. */
export const unreachableService = (cause?: unknown): Fault =>
  new Fault('upstream', 'The service could not be reached.', { code: 'unreachable', cause });

export const serviceTimeout = (): Fault =>
  new Fault('upstream', 'The service did not answer in time.', { code: 'timeout' });

export const cancelledCall = (): Fault =>
  new Fault('upstream', 'The call was cancelled.', { code: 'cancelled' });

export const replyTooLarge = (maxBytes: number): Fault =>
  new Fault('upstream', `The service's reply is larger than ${maxBytes} bytes.`, { code: 'reply_too_large' });

export const badReply = (sentence: string): Fault => new Fault('upstream', sentence, { code: 'bad_reply' });

export const breakerOpen = (seconds: number): Fault =>
  new Fault(
    'upstream',
    'The service could not be reached several times in a row; it is left alone briefly.',
    {
      code: 'breaker_open',
      retryAfter: seconds,
    },
  );

/** Why an aborted exchange ended: its deadline, or its caller. */
export function endedBy(signal: AbortSignal): Fault {
  const reason: unknown = signal.reason;
  if (reason instanceof Fault) return reason;
  return reason instanceof Error && reason.name === 'TimeoutError' ? serviceTimeout() : cancelledCall();
}

/** Turns whatever a socket or parser threw into the product's own words. */
export function upstreamFault(error: unknown, signal?: AbortSignal): Fault {
  if (error instanceof Fault) return error;
  if (signal?.aborted) return endedBy(signal);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT') return serviceTimeout();
  if (code === 'UND_ERR_INVALID_ARG') {
    return new Fault('internal', 'The request could not be written.', { cause: error });
  }
  if (code === 'HPE_INVALID_EOF_STATE') return unreachableService(error);
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return badReply('The service answered with something that is not HTTP.');
  }
  return unreachableService(error);
}

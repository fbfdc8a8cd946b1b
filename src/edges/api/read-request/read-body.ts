import type { IncomingMessage } from 'node:http';
import { Fault } from '../../../kernel/index.ts';

export const defaultBodyLimit = 1024 * 1024;

const tooLarge = (limit: number): Fault =>
  new Fault('too_large', `The body is larger than ${limit} bytes.`, { details: { limit } });

/**
 * The body's bytes, at most `limit`. What is above is not kept, and the rest of it is let run out, so that
 * the client can read the answer.
 */
export function readBytes(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const declared = Number(incoming.headers['content-length'] ?? 0);
  if (declared > limit) return Promise.reject(tooLarge(limit));
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const settle = (result: Buffer | Fault): void => {
      incoming.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost);
      if (Buffer.isBuffer(result)) resolve(result);
      else reject(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      settle(tooLarge(limit));
      incoming.resume();
    };
    const onEnd = (): void => settle(Buffer.concat(chunks));
    const onLost = (): void => settle(new Fault('malformed', 'The request ended before its body did.'));
    incoming.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost);
  });
}

/** Throws Fault `unsupported_media_type` unless the body says it is JSON in UTF-8. */
export function assertJson(contentType: string | undefined): void {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';');
  const isJson = type.trim() === 'application/json';
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset);
  if (!isJson || !isUtf8) {
    throw new Fault('unsupported_media_type', 'The body must be application/json in UTF-8.');
  }
}

/** Fault `malformed` for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new Fault('malformed', 'The body is not valid UTF-8.', { cause: error });
  }
}

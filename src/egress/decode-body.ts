import { promisify } from 'node:util';
import {
  brotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  gunzip,
  inflate,
} from 'node:zlib';
import type { Transform } from 'node:stream';
import { badReply, replyTooLarge } from './faults.ts';

const decoders = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/** What we say we understand. */
export const acceptedEncodings = 'gzip, br';

/** Undoes one content coding, never beyond `maxBytes` of output: a bomb is a reply that is too large. */
export async function decodeBody(body: Buffer, encoding: string, maxBytes: number): Promise<Buffer> {
  const name = encoding.trim().toLowerCase();
  if (name === '' || name === 'identity' || body.length === 0) return body;
  if (!isKnown(name)) throw badReply('The service answered in an encoding that was not asked for.');
  try {
    return await decoders[name](body, { maxOutputLength: maxBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      throw replyTooLarge(maxBytes);
    }
    throw badReply('The service answered with a body that cannot be decompressed.');
  }
}

/** The same for a stream; the reader counts its bytes. Answers null where there is nothing to undo. */
export function decodingStream(encoding: string): Transform | null {
  const name = encoding.trim().toLowerCase();
  if (name === 'gzip' || name === 'x-gzip') return createGunzip();
  if (name === 'deflate') return createInflate();
  if (name === 'br') return createBrotliDecompress();
  return null;
}

function isKnown(name: string): name is keyof typeof decoders {
  return Object.hasOwn(decoders, name);
}

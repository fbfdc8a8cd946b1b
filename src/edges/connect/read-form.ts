import type { IncomingMessage } from 'node:http';
import { Fault } from '../../kernel/index.ts';

const maxBytes = 64 * 1024;

/** A form's fields by name. Faults `unsupported_media_type`, `too_large`, `malformed`; none holds what was sent. */
export async function readForm(request: IncomingMessage): Promise<ReadonlyMap<string, string>> {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const isUtf8 = parameters.every((text) => /^\s*charset\s*=\s*"?utf-?8"?\s*$|^\s*$/.test(text));
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (type.trim() !== 'application/x-www-form-urlencoded' || !isUtf8 || encoding !== 'identity') {
    throw new Fault('unsupported_media_type', 'The form must be sent as a browser sends it.');
  }
  const text = decodeUtf8(await readBytes(request));
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw new Fault('malformed', 'The form has a field twice.');
    fields.set(name, value);
  }
  return fields;
}

function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new Fault('malformed', 'The form is not valid UTF-8.', { cause });
  }
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const lost = (): void => reject(new Fault('malformed', 'The form ended early.'));
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void chunks.push(chunk);
      // The rest is let run past, so that the answer can be read.
      chunks.length = 0;
      reject(tooLarge());
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', lost).on('close', lost);
  });
}

const tooLarge = (): Fault => new Fault('too_large', 'The form is larger than 64 KiB.');

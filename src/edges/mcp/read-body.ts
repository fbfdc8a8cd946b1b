import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { Fault, parseStrictJson, type Json } from '../../kernel/index.ts';

const maxBytes = 1024 * 1024;

/** The body of a POST as JSON. Throws the faults of conventions.md ("Bodies"). */
export async function readBody(request: IncomingMessage): Promise<Json> {
  checkHead(request);
  const bytes = await readBytes(request);
  if (!isUtf8(bytes)) throw new Fault('malformed', 'The body is not valid UTF-8.');
  return parseStrictJson(bytes.toString('utf8'));
}

const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

function checkHead({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type !== 'application/json' && !jsonType.test(type ?? '')) {
    throw new Fault('unsupported_media_type', 'Content-Type must be application/json.');
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Fault('unsupported_media_type', 'Content-Encoding must be identity.');
  }
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
}

function readBytes(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        // The rest is let run past: the answer closes the connection behind itself.
        chunks.length = 0;
        reject(tooLarge());
      }
    });
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    request.on('error', () => reject(new Fault('malformed', 'The body ended early.')));
  });
}

const tooLarge = (): Fault => new Fault('too_large', 'The body is larger than 1 MiB.');

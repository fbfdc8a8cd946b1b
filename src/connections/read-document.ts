import { bodyProblem, Fault, invalid, unstorablePath, type Json } from '../kernel/index.ts';
import { importAside, type ImportedDocument, type Selection } from '../connectors/index.ts';
import { admitLocal, checkReachable, readAddress } from './address.ts';
import type { Caller } from '../access/index.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { deadline } from './deadline.ts';

export type DocumentInput = {
  /** The document itself (text or already parsed), or where to read it. */
  document?: unknown;
  documentUrl?: string | null;
  baseUrl?: string | null;
  include?: Selection;
  local?: boolean;
  /** The loopback origin the connection was admitted at, when its document is read again. */
  admitted?: string | null;
  /** Cuts the reading short. */
  ending?: AbortSignal;
};

/** `caller` is who gives the document; null: nobody, it is read again. */
type DocumentCtx = Pick<ConnectionsCtx, 'egress' | 'isLaptop'> & { caller: Pick<Caller, 'principal'> | null };

/** Largest document, as text. */
export const documentLimit = 50 * 1024 * 1024;
const patience = 30_000;

/**
 * Reads and imports an OpenAPI document, from the body or through the egress guard. Fault `invalid` in one
 * sentence for a document that cannot be imported.
 */
export async function readOpenapiDocument(
  ctx: DocumentCtx,
  input: DocumentInput,
): Promise<{ imported: ImportedDocument; localOrigin: string | null; documentUrl: string | null }> {
  if ((input.document === undefined) === !input.documentUrl) {
    throw invalid(bodyProblem('value_error', ['document'], 'Give either document or document_url.'));
  }
  const who = { principal: ctx.caller?.principal ?? null, isLaptop: ctx.isLaptop };
  let document = input.document;
  let documentUrl: string | null = null;
  let localOrigin: string | null = null;
  if (input.documentUrl) {
    const read = readAddress(input.documentUrl, ['document_url']);
    localOrigin = input.admitted ?? admitLocal(input.local ?? false, read.origin, who);
    await checkReachable(ctx.egress, read.address, localOrigin, ['document_url']);
    document = await fetchDocument(ctx, input.documentUrl, { localOrigin, ending: input.ending });
    documentUrl = Object.keys(read.query).length === 0 ? read.address : null;
  }
  const imported = await importAside(document as string | object, {
    baseUrl: input.baseUrl ?? null,
    documentUrl: input.documentUrl ?? null,
    include: input.include,
  });
  if (imported.baseUrl === null) {
    const message = 'The document names no absolute server address; give base_url.';
    throw invalid(bodyProblem('missing', ['base_url'], message));
  }
  if (unstorablePath(imported as unknown as Json) !== null) {
    const message = 'The document holds a NUL or half a character, which cannot be stored.';
    throw invalid(bodyProblem('value_error', [input.documentUrl ? 'document_url' : 'document'], message));
  }
  const path = input.baseUrl ? ['base_url'] : ['document'];
  const base = readAddress(imported.baseUrl, path);
  if (!input.documentUrl) localOrigin = admitLocal(input.local ?? false, base.origin, who);
  await checkReachable(ctx.egress, base.address, localOrigin, path);
  return { imported, localOrigin, documentUrl };
}

async function fetchDocument(
  ctx: DocumentCtx,
  url: string,
  { localOrigin, ending }: { localOrigin: string | null; ending: AbortSignal | undefined },
): Promise<string> {
  const wrong = (message: string): Fault => invalid(bodyProblem('value_error', ['document_url'], message));
  try {
    const reply = await ctx.egress.request({
      method: 'GET',
      url,
      headers: { accept: 'application/json, application/yaml, text/yaml, */*;q=0.5' },
      signal: deadline(patience, ending),
      localOrigin,
      follow: true,
    });
    if (reply.status !== 200) {
      reply.body.destroy();
      throw wrong(`The document could not be read: the address answered ${reply.status}.`);
    }
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > documentLimit) throw wrong('The document is larger than 50 MB.');
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    if (error instanceof Fault && error.kind === 'upstream')
      throw wrong(`The document could not be read: ${error.message}`);
    // What is no Fault here comes from the body's stream: the service broke off.
    if (!(error instanceof Fault)) throw wrong('The document could not be read: the service broke off.');
    throw error;
  }
}

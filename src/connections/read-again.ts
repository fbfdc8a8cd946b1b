import { Fault } from '../kernel/index.ts';
import type { Selection } from '../connectors/index.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { readOpenapiDocument } from './read-document.ts';
import { readListing, type ReadListing } from './read-listing.ts';

export type ReadAgainDeps = Pick<ConnectionsCtx, 'database' | 'drivers' | 'keeper' | 'egress' | 'isLaptop'>;

/**
 * What a service says of its tools now: an MCP server's listing, or the document at its address. A service that does
 * not answer, or a document that cannot be imported any more, is a reason and not a failure. `ending` cuts it short.
 */
export async function readAgain(
  deps: ReadAgainDeps,
  connection: Connection,
  ending?: AbortSignal,
): Promise<ReadListing> {
  if (connection.kind === 'openapi') return readDocumentAgain(deps, connection, ending);
  return readListing(deps, connection, { ending });
}

async function readDocumentAgain(
  deps: ReadAgainDeps,
  connection: Connection,
  ending: AbortSignal | undefined,
): Promise<ReadListing> {
  const { document_url: documentUrl, selection } = connection.metadata;
  if (!documentUrl) {
    throw new Fault('conflict', 'This document was given by hand and has no address to be read from again.', {
      code: 'nothing_to_sync',
    });
  }
  try {
    const { imported } = await readOpenapiDocument(
      { ...deps, caller: null },
      {
        documentUrl,
        baseUrl: connection.address,
        include: selection as Selection | undefined,
        // Admitted when the connection was made, by who may: reading it again asks for nothing new.
        admitted: connection.localOrigin,
        ending,
      },
    );
    return { ok: true, definitions: imported.tools, server: null, instructions: null, imported };
  } catch (error) {
    if (!(error instanceof Fault) || (error.kind !== 'invalid' && error.kind !== 'upstream')) throw error;
    return { ok: false, reason: error.message };
  }
}

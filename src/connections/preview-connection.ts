import { authorize } from '../access/index.ts';
import type { Definition, ImportedDocument } from '../connectors/index.ts';
import { bodyProblem, invalid, newId } from '../kernel/index.ts';
import { placeOf, type ConnectMcpInput } from './connect-mcp.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { readOpenapiDocument, type DocumentInput } from './read-document.ts';

const patience = 30_000;

/** What importing a document would bring; nothing is created. */
export async function previewOpenapi(ctx: ConnectionsCtx, input: DocumentInput): Promise<ImportedDocument> {
  authorize(ctx.caller.principal, 'tools:write');
  return (await readOpenapiDocument(ctx, input)).imported;
}

/**
 * The tools an MCP server lists; nothing is created. Only without anything to sign in with: what is secret is
 * kept in the vault before it travels, and a preview keeps nothing.
 */
export async function previewMcp(
  ctx: ConnectionsCtx,
  input: ConnectMcpInput,
): Promise<readonly Definition[]> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const place = await placeOf(ctx, input);
  const isSecretive = Object.keys({ ...place.query, ...input.headers }).length > 0;
  if (isSecretive || input.auth.type !== 'none') {
    const message = 'A dry run keeps no secret, so it cannot sign in; connect the server instead.';
    throw invalid(bodyProblem('value_error', ['auth'], message));
  }
  const connectionId = newId<'connection'>();
  const target = {
    organizationId: principal.organizationId,
    connectionId,
    kind: place.kind,
    address: place.address,
    sealedSecretId: null,
    localOrigin: place.localOrigin,
  };
  try {
    return (await ctx.drivers.list(target, null, AbortSignal.timeout(patience))).definitions;
  } finally {
    await ctx.drivers.forget(connectionId);
  }
}

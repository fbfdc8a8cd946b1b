import { authorize, change, resolveWorkspace } from '../access/index.ts';
import {
  connectorId,
  hashConnectorFile,
  insertConnector,
  type AuthMethod,
  type ConnectorFile,
  type ImportedDocument,
  type Selection,
} from '../connectors/index.ts';
import { bodyProblem, invalid, type Clock, type Tx } from '../kernel/index.ts';
import { readAddress } from './address.ts';
import { connectAsClient } from './clients/connect-as-client.ts';
import type { Connection } from './connection.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { checkTakesClient, givenAt, keepGivenClient, type GivenClient } from './clients/given-client.ts';
import { placeConnection, saidOf } from './place-connection.ts';
import { readOpenapiDocument, type DocumentInput } from './read-document.ts';
import { checkCredentialFields, usualMethod, type CredentialFields } from './sign-in.ts';
import { updateConnectionRow } from './store.ts';

export type ConnectOpenapiInput = DocumentInput & {
  nickname: string;
  workspace?: string | null;
  /**
   * How to sign in; null: the first method of the document that a key given by hand can serve. `documented` is the
   * document's own method of the first of these types that it declares.
   */
  auth: AuthMethod | { documented: readonly AuthMethod['type'][] } | null;
  /** `auth` says the kind only: the document's own method of that kind wins, for it knows header and prefix. */
  authIsUsual?: boolean;
  credential: CredentialFields | null;
  /** What was registered at the service, where the document says OAuth. */
  client?: GivenClient | null;
  isSample?: boolean;
};

/** Above this many operations a document imported without a selection starts with none enabled. */
const enableAtMost = 100;

/**
 * Imports an OpenAPI document as a connector of the organization and connects it, tools included, in one
 * transaction. `toolsOff` says that all its tools start disabled because there are too many to mean them all.
 */
export async function connectOpenapi(
  ctx: ConnectionsCtx,
  input: ConnectOpenapiInput,
): Promise<{ connection: Connection; imported: ImportedDocument; toolsOff: boolean }> {
  authorize(ctx.caller.principal, 'tools:write');
  const { imported, localOrigin, documentUrl } = await readOpenapiDocument(ctx, input);
  const auth = methodOf(input, imported.auth);
  if (input.credential) checkCredentialFields(auth, input.credential, ['auth']);
  if (input.client) checkTakesClient(auth, ['auth', 'client']);
  const workspace = await resolveWorkspace(ctx, input.workspace ?? null);
  const base = readAddress(imported.baseUrl!, ['base_url']);
  const toolsOff = !isSelected(input.include) && imported.tools.length > enableAtMost;
  const connection = await change(ctx, 'connection.created', async (tx) => {
    const placed = await placeConnection(tx, ctx, {
      workspaceId: workspace.id,
      kind: 'openapi',
      connectorSlug: null,
      connectorVersion: 1,
      nickname: input.nickname,
      address: base.address,
      auth,
      localOrigin,
      query: base.query,
      credential: input.credential,
      metadata: {
        ...(documentUrl ? { document_url: documentUrl } : {}),
        ...(input.include ? { selection: input.include } : {}),
      },
      isSample: input.isSample,
    });
    if (input.client) {
      await keepGivenClient(tx, ctx, placed, input.client, givenAt(auth, { file: null, config: {} }));
    }
    await releaseImported(tx, ctx.clock, placed, imported, 1);
    await ctx.connectionHooks.onListed(tx, ctx.clock, placed, {
      definitions: imported.tools,
      first: true,
      enable: !toolsOff,
    });
    const connected = await updateConnectionRow(tx, placed.organizationId, placed.id, {
      tools_status: 'synced',
      tools_synced_at: ctx.clock.now(),
    });
    return {
      result: connected,
      target: { type: 'connection', id: placed.id },
      changes: { ...saidOf(connected), tools: imported.tools.length, left_out: imported.leftOut.length },
    };
  });
  const signedIn = input.credential ? connection : (await connectAsClient(ctx, connection)).connection;
  return { connection: signedIn, imported, toolsOff };
}

function methodOf(input: ConnectOpenapiInput, documented: readonly AuthMethod[]): AuthMethod {
  const { auth, authIsUsual = false } = input;
  if (auth === null) return usualMethod(documented);
  if ('documented' in auth) {
    const [found] = auth.documented.flatMap(
      (type) => documented.find((method) => method.type === type) ?? [],
    );
    if (found) return found;
    throw invalid(
      bodyProblem('value_error', ['auth', 'type'], 'The document declares no such way to sign in.'),
    );
  }
  const own = authIsUsual ? documented.find((method) => method.type === auth.type) : undefined;
  return own ?? auth;
}

const isSelected = (include: Selection | undefined): boolean =>
  Boolean(include?.tags?.length || include?.paths?.length || include?.operations?.length);

/** Writes an imported document as a version of the organization's own connector. */
export async function releaseImported(
  tx: Tx,
  clock: Clock,
  connection: Connection,
  imported: ImportedDocument,
  version: number,
): Promise<void> {
  const file: ConnectorFile = {
    slug: connection.connectorSlug,
    version,
    name: imported.title || connection.nickname,
    description: imported.description,
    categories: [],
    source_url: null,
    logo_url: null,
    changelog: version === 1 ? 'Imported.' : 'Read again.',
    kind: 'http',
    base_url: connection.address,
    config: [],
    auth: imported.auth,
    egress: [],
    identity: null,
    limits: null,
    tools: imported.tools,
    migrations: [],
  };
  await insertConnector(tx, {
    organization_id: connection.organizationId,
    slug: file.slug,
    version,
    connector_id: connectorId(connection.organizationId, file.slug),
    file: JSON.stringify(file),
    hash: hashConnectorFile(file),
    created_at: clock.now(),
  });
}

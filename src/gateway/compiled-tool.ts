import { createHash } from 'node:crypto';
import type { TurnLimit } from '../approvals/index.ts';
import type { Binding } from '../connectors/index.ts';
import { targetOf, type Connection } from '../connections/index.ts';
import type { CredentialRef, Target } from '../drivers/index.ts';
import { canonicalJson, type JsonObject, type JsonSchema } from '../kernel/index.ts';
import type { AuthScope } from '../packs/index.ts';
import {
  compileConfirmation,
  compileInput,
  compileMap,
  compileSecretFields,
  confirmationOf,
  isSecretField,
  mergeRules,
  newestDefinition,
  type Asks,
  type PackCuration,
  type Project,
  type Shape,
  type Tool,
} from '../tools/index.ts';
import type { Owner } from '../vault/index.ts';
import { heldNote } from './held-note.ts';
import { servedObject, type ServedObject } from './served-tools.ts';

/** Everything a call of one tool needs, computed once from definition and curation. */
export type CompiledTool = {
  toolId: string;
  organizationId: string;
  connectionId: string;
  connectionSlug: string;
  connectionNickname: string;
  workspaceId: string;
  slug: string;
  target: Target;
  binding: Binding;
  idempotent: boolean;
  shape: Shape;
  /** Whether a call asks a person first; null: never. */
  asks: Asks | null;
  /** How often one turn may call it; empty: as often as it likes. */
  limits: readonly TurnLimit[];
  toolUpdatedAt: Date;
  /** What a yes is bound to: the definition, the curation and where calls go. */
  version: () => string;
  /** Arguments as people are shown them: fields the service calls secret as `***`. */
  show: (args: JsonObject) => JsonObject;
  /** Whether arguments of its calls are kept for some days. */
  keepsArguments: boolean;
  /** Which of these fields the service calls secret. */
  secretFields: (fields: readonly string[]) => readonly string[];
  /** The response map, compiled; null: the reply leaves whole. */
  project: Project | null;
  /** The service declares no shape: successful replies teach it. */
  learns: boolean;
  learnedSchema: JsonSchema | null;
  /** What a call that fails at the service is told where a newer version of the tool waits for review. */
  heldNote: string | null;
  /** The MCP tool object without its name. */
  served: ServedObject;
};

/** How a call's credential is found: it is fixed when the view is compiled, because any change compiles anew. */
export type CallAuthority =
  | { kind: 'none'; ranAs: 'none' }
  | { kind: 'credential'; credential: CredentialRef; ranAs: string }
  | MissingCredential;

/** Nobody has given what the call would sign in with, or it is of no use any more. */
export type MissingCredential = {
  kind: 'missing';
  reason: 'reauth_required' | 'invalid_company_for_shared_scope';
  /** There is one, and the service no longer takes it. */
  hasLapsed: boolean;
  /** Whose account the user may connect by a link; null: no link of this user's can help. */
  consent: { owner: Owner; authScope: AuthScope } | null;
};

/** Compiles one tool under what a pack says of it. */
export function compileTool(
  tool: Tool,
  connection: Connection,
  packCuration: PackCuration | null,
): CompiledTool {
  const { rules } = mergeRules(tool.curation.inputs, packCuration?.inputs ?? null);
  return {
    toolId: tool.id,
    organizationId: tool.organizationId,
    connectionId: connection.id,
    connectionSlug: connection.slug,
    connectionNickname: connection.nickname,
    workspaceId: connection.workspaceId,
    slug: tool.slug,
    target: targetOf(connection),
    binding: tool.definition.binding,
    idempotent: tool.definition.idempotent,
    shape: compileInput(tool.definition, rules, {
      closed: tool.definition.binding.kind === 'http',
      newestSchema: tool.newest && newestDefinition(tool).inputSchema,
    }),
    asks: compileConfirmation(confirmationOf(tool, connection), tool.definition),
    limits: limitsOf(tool, connection),
    toolUpdatedAt: tool.updatedAt,
    version: once(() => versionOf(tool, connection, packCuration)),
    show: (args) => shownArguments(tool.definition.inputSchema, args),
    keepsArguments: tool.keepsArguments,
    secretFields: compileSecretFields(tool.definition.inputSchema),
    project: tool.curation.responseMap ? compileMap(tool.curation.responseMap) : null,
    learns: tool.definition.outputSchema === null,
    learnedSchema: tool.learnedSchema,
    heldNote: heldNote(tool),
    served: servedObject(tool, packCuration),
  };
}

function limitsOf({ id, curation }: Tool, connection: Connection): readonly TurnLimit[] {
  const limits: TurnLimit[] = [];
  if (curation.maxCallsPerTurn !== null) {
    limits.push({ countedId: id, of: 'tool', limit: curation.maxCallsPerTurn });
  }
  if (connection.maxCallsPerTurn !== null) {
    limits.push({ countedId: connection.id, of: 'connection', limit: connection.maxCallsPerTurn });
  }
  return limits;
}

/** Made when a call first asks: most tools never do. */
function once(make: () => string): () => string {
  let made: string | null = null;
  return () => (made ??= make());
}

function versionOf(tool: Tool, connection: Connection, packCuration: PackCuration | null): string {
  const { address, auth, config, localOrigin, sealedSecretId, requiresConfirmation } = connection;
  const said = canonicalJson([
    tool.updatedAt.toISOString(),
    tool.definition,
    tool.curation,
    packCuration,
    { address, auth, config, localOrigin, sealedSecretId, requiresConfirmation },
  ]);
  return createHash('sha256').update(said).digest('hex');
}

function shownArguments(schema: JsonSchema, args: JsonObject): JsonObject {
  const secret = Object.keys(args).filter((field) => isSecretField(schema, field));
  return secret.length === 0
    ? args
    : { ...args, ...Object.fromEntries(secret.map((field) => [field, '***'])) };
}

const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64');

const keepAtMost = 20_000;

/**
 * Remembers compiled tools across changes: a change of one tool drops every view of its organization, but
 * recompiles only what it touched.
 */
export function createToolCache(): {
  compile(tool: Tool, connection: Connection, packCuration: PackCuration | null): CompiledTool;
} {
  const cache = new Map<string, CompiledTool>();
  return {
    compile(tool, connection, packCuration) {
      const key = [
        tool.id,
        tool.updatedAt.getTime(),
        // What is only held moves no `updated_at`.
        tool.newest ? digest(tool.newest) : '',
        connection.updatedAt.getTime(),
        tool.learnedSchema ? canonicalJson(tool.learnedSchema) : '',
        packCuration ? canonicalJson(packCuration) : '',
      ].join('|');
      const known = cache.get(key);
      if (known) return known;
      const compiled = compileTool(tool, connection, packCuration);
      if (cache.size >= keepAtMost) cache.delete(cache.keys().next().value ?? '');
      cache.set(key, compiled);
      return compiled;
    },
  };
}

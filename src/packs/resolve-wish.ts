import { resolveWorkspace, mayUseWorkspace, type Workspace } from '../access/index.ts';
import {
  defaultConnection,
  findConnection,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { listConnectors } from '../connectors/index.ts';
import { bodyProblem, Fault, invalid, type JsonPath, type Tx } from '../kernel/index.ts';
import { toolsOfConnections } from '../tools/index.ts';
import { nearest } from './nearest.ts';
import type { EntryWish, PackEntry } from './pack.ts';

/** What naming a connection in a pack needs: the default connection is made on first use. */
export type PacksCtx = ConnectionsCtx;

/**
 * The connection an item names, or null where it names none that exists yet and `make` is false. Slug wins
 * over id. Fault `invalid` at the item for a name that means nothing.
 */
export async function connectionOfWish(
  tx: Tx,
  ctx: PacksCtx,
  wish: EntryWish,
  at: JsonPath,
  options: { make: boolean; workspace: Workspace },
): Promise<Connection | null> {
  const { principal } = ctx.caller;
  const { organizationId } = principal;
  if (wish.slug === undefined && wish.connectorId === undefined) {
    throw invalid(bodyProblem('missing', [...at, 'slug'], 'Name the connector: slug is required.'));
  }
  const field = wish.slug === undefined ? 'connector_id' : 'slug';
  const found =
    wish.slug === undefined
      ? await findConnection(tx, organizationId, { id: wish.connectorId! })
      : await findConnection(tx, organizationId, { slug: wish.slug });
  if (found && mayUseWorkspace(principal, found.workspaceId)) return found;
  const entries = await listConnectors(tx, ctx.catalog, organizationId);
  const entry = found
    ? undefined
    : entries.find((candidate) =>
        wish.slug === undefined ? candidate.id === wish.connectorId : candidate.file.slug === wish.slug,
      );
  const unknown = (): Fault =>
    unknownConnector(
      wish,
      [...at, field],
      // What is there by this very name is outside of the key's workspaces: offering it would say so.
      entries.map((candidate) => candidate.file.slug).filter((slug) => slug !== wish.slug),
    );
  if (!entry) throw unknown();
  const existing = await findConnection(tx, organizationId, { defaultOf: entry.file.slug });
  if (existing && !mayUseWorkspace(principal, existing.workspaceId)) throw unknown();
  if (existing || !options.make) return existing;
  const made = await defaultConnection(tx, ctx, entry.file.slug, options.workspace.id);
  if (made) return made;
  const message = `“${entry.file.slug}” has to be connected first, because it needs settings of its own.`;
  throw invalid(bodyProblem('value_error', [...at, field], message));
}

function unknownConnector(wish: EntryWish, path: JsonPath, known: readonly string[]): Fault {
  const near = wish.slug === undefined ? [] : nearest(wish.slug, known);
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
  return invalid(bodyProblem('unknown_connector', path, `No such connector.${hint}`));
}

/**
 * The bare names an item selects, folded. `slug__name` is accepted under its own slug; every unknown name is
 * listed with its nearest matches; a stale name is accepted only where the entry holds it already.
 */
export async function namesOfWish(
  tx: Tx,
  connection: Connection,
  names: readonly string[],
  held: PackEntry | undefined,
  at: JsonPath,
): Promise<readonly string[]> {
  const tools = await toolsOfConnections(tx, connection.organizationId, [connection.id]);
  const current = new Set(tools.filter((tool) => tool.vanishedAt === null).map((tool) => tool.name));
  const heldNames = new Set(held?.selection.kind === 'exactly' ? held.selection.names : []);
  const prefix = `${connection.slug}__`;
  const unknown: string[] = [];
  const bare = names.map((name) => {
    const stripped = name.startsWith(prefix) && !current.has(name) ? name.slice(prefix.length) : name;
    if (!current.has(stripped) && !heldNames.has(stripped)) unknown.push(name);
    return stripped;
  });
  if (unknown.length > 0) {
    const listed = unknown.map((name, index) => {
      // Looking for matches costs a comparison with every tool: the first unknown names show what went wrong.
      const near = index < 20 ? nearest(name, [...current]) : [];
      return near.length > 0 ? `“${name}” (did you mean ${near.join(' or ')}?)` : `“${name}”`;
    });
    const message = `${connection.slug} has no tool ${listed.join(', ')}.`;
    throw invalid(bodyProblem('unknown_tool', at, message));
  }
  return [...new Set(bare)];
}

/** The workspace where default connections are made. Read before the transaction opens. */
export function homeWorkspace(ctx: PacksCtx): Promise<Workspace> {
  return resolveWorkspace(ctx, null);
}

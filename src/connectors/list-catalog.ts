import { authorizeAny, read, type Ctx, type Scope } from '../access/index.ts';
import { cutPage, notFound, type Page, type Position } from '../kernel/index.ts';
import { findConnector, listConnectors, type Catalog, type CatalogEntry } from './find-connector.ts';
import { slugOfConnector } from './list-faces.ts';

export type CatalogCtx = Ctx & { catalog: Catalog };

const readers: readonly [Scope, ...Scope[]] = ['connectors:read', 'tools:read', 'packs:read'];

/** The caller's catalog by slug: the shipped connectors and the organization's own. */
export async function listCatalog(ctx: CatalogCtx): Promise<readonly CatalogEntry[]> {
  const { principal } = ctx.caller;
  authorizeAny(principal, readers);
  return read(ctx, (tx) => listConnectors(tx, ctx.catalog, principal.organizationId));
}

/** The catalog a page at a time, and how many there are in all. */
export async function pageCatalog(
  ctx: CatalogCtx,
  page: { limit: number; after: Position | null },
): Promise<Page<CatalogEntry> & { total: number }> {
  const entries = await listCatalog(ctx);
  return { ...cutPage(entries, page, (entry) => entry.file.slug), total: entries.length };
}

/** One connector with all its versions. Fault `not_found` where no connector has the slug. */
export async function getCatalogEntry(ctx: CatalogCtx, slug: string): Promise<CatalogEntry> {
  const { principal } = ctx.caller;
  authorizeAny(principal, readers);
  const entry = await read(ctx, (tx) => findConnector(tx, ctx.catalog, principal.organizationId, slug));
  if (!entry) throw notFound();
  return entry;
}

/** The same by id or slug. */
export async function getCatalogEntryNamed(ctx: CatalogCtx, named: string): Promise<CatalogEntry> {
  const { principal } = ctx.caller;
  authorizeAny(principal, readers);
  const slug = await read(ctx, (tx) => slugOfConnector(tx, ctx.catalog, principal.organizationId, named));
  if (slug === null) throw notFound();
  return getCatalogEntry(ctx, slug);
}

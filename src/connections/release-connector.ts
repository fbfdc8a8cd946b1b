import { authorize, change, holdSlugs } from '../access/index.ts';
import {
  connectorId,
  findConnector,
  hashConnectorFile,
  insertConnector,
  parseConnectorFile,
  type CatalogEntry,
  type ConnectorFile,
} from '../connectors/index.ts';
import { Fault } from '../kernel/index.ts';
import type { ConnectionsCtx } from './ctx.ts';
import { findConnection } from './store.ts';

/**
 * Releases a connector file as a version of the organization's own connector. Versions only go up and never
 * change: Fault `conflict` for other content under a released version or for a version below the newest; the
 * same content again changes nothing. Fault `invalid` with every problem of the file.
 */
export async function releaseConnector(ctx: ConnectionsCtx, written: unknown): Promise<CatalogEntry> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  const file = parseConnectorFile(written);
  const { organizationId } = principal;
  return change(ctx, 'connector.released', async (tx) => {
    await holdSlugs(tx, organizationId);
    const target = { type: 'connector', id: connectorId(organizationId, file.slug) };
    const newest = await findConnector(tx, ctx.catalog, organizationId, file.slug);
    const same = await findConnector(tx, ctx.catalog, organizationId, file.slug, file.version);
    if (same && hashConnectorFile(same.file) === hashConnectorFile(file)) {
      return { result: same, target, changes: null };
    }
    if (newest && file.version <= newest.file.version) throw released(newest.file);
    const imported = await findConnection(tx, organizationId, { slug: file.slug });
    if (imported?.kind === 'openapi' && imported.connectorSlug === file.slug) {
      const message = 'This slug belongs to an imported document, whose versions come from reading it again.';
      throw new Fault('conflict', message, { code: 'connector_imported' });
    }
    const hash = hashConnectorFile(file);
    await insertConnector(tx, {
      organization_id: organizationId,
      slug: file.slug,
      version: file.version,
      connector_id: target.id,
      file: JSON.stringify(file),
      hash,
      created_at: ctx.clock.now(),
    });
    const entry = (await findConnector(tx, ctx.catalog, organizationId, file.slug))!;
    return { result: entry, target, changes: { slug: file.slug, version: file.version, hash } };
  });
}

const released = (newest: ConnectorFile): Fault =>
  new Fault(
    'conflict',
    `Version ${newest.version} of “${newest.slug}” is released and stays as it is; release a higher version.`,
    { code: 'version_released' },
  );

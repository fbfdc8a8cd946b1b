import type { Clock, Database } from '../kernel/index.ts';
import type { ConnectorFile } from './connector-file.ts';
import type { Catalog } from './find-connector.ts';
import { hashConnectorFile } from './parse-connector-file.ts';
import { insertShipped, shippedVersions } from './shipped-store.ts';

/** A shipped file that is not what was shipped under its version before. */
export type AlteredFile = { slug: string; version: number };

/**
 * Writes down every shipped connector under its version, so that a newer program still has the older ones. Versions
 * do not change: where a file says something else than what was written down, the latter stays, in the answered
 * catalog too.
 */
export async function recordShipped(
  { database, clock }: { database: Database; clock: Clock },
  catalog: Catalog,
): Promise<{ catalog: Catalog; altered: readonly AlteredFile[] }> {
  const hashes = new Map([...catalog.values()].map((file) => [file.slug, hashConnectorFile(file)]));
  const rows = await database.transaction('system', async (tx) => {
    await insertShipped(
      tx,
      [...catalog.values()].map((file) => ({
        slug: file.slug,
        version: file.version,
        file: JSON.stringify(file),
        hash: hashes.get(file.slug)!,
        released_at: clock.now(),
      })),
    );
    return shippedVersions(tx, [...catalog.keys()]);
  });
  const altered = rows.filter(
    ({ slug, version, hash }) => catalog.get(slug)!.version === version && hash !== hashes.get(slug),
  );
  const kept = new Map(catalog);
  for (const { slug, file } of altered) kept.set(slug, file as ConnectorFile);
  return { catalog: kept, altered: altered.map(({ slug, version }) => ({ slug, version })) };
}

import type { z } from '@hono/zod-openapi';
import type { Pack, PackInput, ShownEntry } from '../../../../packs/index.ts';
import { readEntry, writeConnector } from '../entries/codec.ts';
import type { createPackBody, toolPackSchema, updatePackBody } from './schema.ts';

/** The list of a pack is always the whole list, whichever method brings it. */
export function readPack(body: z.output<typeof createPackBody>): PackInput & { name: string };
export function readPack(body: z.output<typeof updatePackBody>): PackInput;
export function readPack(body: z.output<typeof updatePackBody>): PackInput {
  const { connectors } = body;
  return {
    name: body.name,
    description: body.description,
    names: body.names,
    approveBy: body.approve_by,
    entries: connectors === null ? [] : connectors?.map((entry) => readEntry(entry, 'replace')),
    entriesPath: ['connectors'],
  };
}

export function writePack(pack: Pack, entries: readonly ShownEntry[]): z.input<typeof toolPackSchema> {
  return {
    id: pack.id,
    name: pack.name,
    description: pack.description,
    connectors: entries.map(writeConnector),
    slug: pack.slug,
    names: pack.names,
    approve_by: pack.approveBy,
    mode: pack.mode,
    favourites: [...pack.favourites],
    created_at: pack.createdAt.toISOString(),
    updated_at: pack.updatedAt.toISOString(),
  };
}

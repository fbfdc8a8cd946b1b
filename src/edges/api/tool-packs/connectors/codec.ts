import type { z } from '@hono/zod-openapi';
import type { Nameable } from '../../../../packs/index.ts';
import { writeFace, writeTool } from '../entries/codec.ts';
import type { connectorSchema } from './schema.ts';

export function writeNameable(nameable: Nameable): z.input<typeof connectorSchema> {
  return {
    slug: nameable.slug,
    ...writeFace(nameable.face),
    tools: nameable.tools.map(writeTool),
    connector_id: nameable.connectorId,
  };
}

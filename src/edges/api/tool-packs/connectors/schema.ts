import { packConnectorSchema } from '../entries/schema.ts';

/** What a pack may name: as it stands in a pack, without what the pack alone says. */
export const connectorSchema = packConnectorSchema
  .omit({ auth_scope: true, selection: true })
  .openapi('Connector');

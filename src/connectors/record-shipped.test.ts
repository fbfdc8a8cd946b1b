import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openRooms, type Rooms } from '../../test/open-rooms.ts';
import { findConnector, recordShipped, type Catalog, type ConnectorFile } from './index.ts';

let rooms: Rooms;
before(async () => {
  rooms = await openRooms();
});
after(() => rooms.close());

const file = (version: number, description = 'Things.'): ConnectorFile => ({
  slug: 'things_shipped',
  version,
  name: 'Things',
  description,
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: `Version ${version}.`,
  kind: 'http',
  base_url: 'https://things.example',
  config: [],
  auth: [{ type: 'none' }],
  egress: [],
  identity: null,
  limits: null,
  tools: [],
  migrations: [],
});
const catalogOf = (one: ConnectorFile): Catalog => new Map([[one.slug, one]]);
const find = (catalog: Catalog, version?: number) => {
  const { organizationId } = rooms.operator;
  return rooms.crib.database.transaction({ organizationId }, (tx) =>
    findConnector(tx, catalog, organizationId, 'things_shipped', version),
  );
};

test('a newer program has what older ones shipped, and believes no file that changed under its version', async () => {
  const { crib } = rooms;
  assert.deepEqual((await recordShipped(crib, catalogOf(file(1)))).altered, []);
  const { catalog, altered } = await recordShipped(crib, catalogOf(file(2)));
  assert.deepEqual(altered, []);
  assert.deepEqual((await find(catalog))!.versions, [2, 1]);
  assert.deepEqual((await find(catalog))!.releases, [
    { version: 2, changelog: 'Version 2.' },
    { version: 1, changelog: 'Version 1.' },
  ]);
  assert.equal((await find(catalog, 1))!.file.version, 1);
  assert.equal(await find(catalog, 3), null);

  const changed = await recordShipped(crib, catalogOf(file(2, 'Other things.')));
  assert.deepEqual(changed.altered, [{ slug: 'things_shipped', version: 2 }]);
  assert.equal((await find(changed.catalog))!.file.description, 'Things.');
});

import assert from 'node:assert/strict';
import type { Answer, Json, World } from '../world.ts';

// A service of items whose connector goes through four versions, and an organization that is connected to it.

const tool = (name: string, request: string, input: object, more: object = {}) => ({
  name,
  title: name,
  description: `Does ${name}.`,
  effect: request.startsWith('GET') ? 'read' : 'write',
  request,
  input,
  ...more,
});
const text = (place = 'query', more: object = {}) => ({ in: place, type: 'string', ...more });
const sorted = (values: readonly string[]) => text('query', { enum: values });

const boxes = tool('list_boxes', 'GET /boxes', { room: text() });
const move = (more: object = {}) =>
  tool('move_item', 'POST /items/{id}/move', { id: text('path'), room: text('body'), ...more });

/** 1 to 2 renames a tool, a field of it and the field's neighbour's values, and brings a tool; 3 to 4 renames again. */
const tools: Readonly<Record<number, readonly object[]>> = {
  1: [
    tool('find_items', 'GET /items', { q: text(), sort: sorted(['new', 'old']), owner: text() }),
    boxes,
    move(),
  ],
  2: [
    tool('search_items', 'GET /items', { query: text(), sort: sorted(['newest', 'oldest']), owner: text() }),
    boxes,
    move(),
    tool('count_items', 'GET /items/count', {}),
  ],
  3: [
    tool('search_items', 'GET /items', { query: text(), sort: sorted(['newest', 'oldest']), owner: text() }),
    boxes,
    move({ note: text('body') }),
    tool('count_items', 'GET /items/count', {}),
  ],
  4: [
    tool('search', 'GET /items', { text: text(), sort: sorted(['newest', 'oldest']), owner: text() }),
    move({ note: text('body') }),
    tool('count_items', 'GET /items/count', {}),
  ],
};

const migrations = [
  {
    from: 1,
    to: 2,
    rename_tools: { find_items: 'search_items' },
    rename_inputs: { search_items: { q: 'query' } },
    map_values: { search_items: { sort: { new: 'newest', old: 'oldest' } } },
  },
  { from: 3, to: 4, rename_tools: { search_items: 'search' }, rename_inputs: { search: { query: 'text' } } },
];

export const itemsFile = (version: number, url: string, more: object = {}): object => ({
  slug: 'items',
  version,
  name: 'Items',
  description: 'Items in boxes.',
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: `Version ${version} is out.`,
  kind: 'http',
  base_url: url,
  auth: [{ type: 'none' }],
  tools: tools[version],
  migrations: migrations.filter(({ to }) => to <= version),
  ...(version === 4 ? { minimum_version: 2 } : {}),
  ...more,
});

export type ItemsDesk = {
  key: string;
  organizationId: string;
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Asks for what has to succeed; answers its data. */
  make(method: string, path: string, body?: unknown): Promise<Json>;
  release(version: number, more?: object): Promise<Json>;
  connect(nickname?: string): Promise<Json>;
  tools(connection: Json): Promise<ReadonlyMap<string, Json>>;
  upgrade(connection: Json, version?: number): Promise<Answer>;
};

export async function openItems(world: World, url: string): Promise<ItemsDesk> {
  const { id, key } = await world.organization();
  const ask: ItemsDesk['ask'] = (method, path, body) => world.ask(method, path, { key, body });
  const make: ItemsDesk['make'] = async (method, path, body) => {
    const answer = await ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json?.data;
  };
  return {
    key,
    organizationId: id,
    ask,
    make,
    release: (version, more) => make('POST', '/v1/catalog', itemsFile(version, url, more)),
    connect: (nickname = 'Items') =>
      make('POST', '/v1/connections', { kind: 'catalog', connector: 'items', nickname }),
    async tools(connection) {
      const list: Json[] = await make('GET', `/v1/connections/${connection.id}/tools?limit=100`);
      return new Map(list.map((one) => [one.name, one]));
    },
    upgrade: (connection, version) =>
      ask(
        'POST',
        `/v1/connections/${connection.id}/upgrade`,
        version === undefined ? {} : { target_version: version },
      ),
  };
}

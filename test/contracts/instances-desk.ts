import assert from 'node:assert/strict';
import { httpService, sendJson, type Fake } from '../fakes/http-service.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';
import { modern } from './mcp-counter.ts';

// A small order service as a connector of the organization's own, and tool instances of it.

export type InstancesDesk = {
  world: World;
  service: Fake;
  base: string;
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Makes an instance; asserts that it was made. */
  make(fields?: object): Promise<Json>;
  get(id: string): Promise<Json>;
  put(id: string, body: unknown): Promise<Answer>;
  /** A pack of this instance alone, under bare names; answers its slug. */
  pack(instanceId: string): Promise<string>;
  /** The text of the answer to an MCP request at a pack. */
  mcp(pack: string, method: string, params?: object): Promise<string>;
  call(pack: string, tool: string, args: object): Promise<Json>;
  /** Keeps the service from answering its next request until that is released. */
  hold(): { arrived: Promise<void>; release: () => void };
  /** Bodies and addresses the service was asked with since this was last asked. */
  reached(): { url: string; body: Json }[];
  close(): Promise<void>;
};

export const ordersConnector = (url: string, more: object = {}) => ({
  slug: 'orders',
  version: 1,
  name: 'Orders',
  description: 'Keeps orders.',
  categories: ['commerce', 'other'],
  source_url: null,
  logo_url: 'https://orders.example/logo.svg',
  changelog: 'First.',
  kind: 'http',
  base_url: url,
  config: [
    {
      name: 'region',
      display_name: 'Region',
      type: 'select',
      required: false,
      default: 'eu',
      options: [
        { label: 'Europe', value: 'eu' },
        { label: 'America', value: 'us' },
      ],
      widget: 'select',
    },
  ],
  auth: [{ type: 'none' }],
  tools: [
    {
      name: 'list_orders',
      title: 'List orders',
      description: 'Lists orders.',
      effect: 'read',
      request: 'GET /orders',
      input: {
        limit: { in: 'query', type: 'integer', minimum: 1, maximum: 100 },
        status: { in: 'query', type: 'string', enum: ['open', 'paid', 'sent'] },
        note: { in: 'query', type: ['string', 'null'] },
      },
    },
    {
      name: 'create_order',
      title: 'Make an order',
      description: 'Makes an order.',
      effect: 'write',
      confirm: false,
      request: 'POST /orders',
      input: {
        customer_id: { in: 'body', type: 'integer' },
        currency: { in: 'body', type: 'string', enum: ['EUR', 'USD', 'GBP'] },
        pin: { in: 'body', type: 'string', format: 'password' },
      },
      required: ['customer_id'],
    },
    {
      name: 'drop_order',
      title: 'Drop an order',
      description: 'Drops an order.',
      effect: 'destructive',
      confirm: false,
      request: 'DELETE /orders/{id}',
      input: { id: { in: 'path', type: 'integer' } },
      required: ['id'],
    },
  ],
  ...more,
});

export async function openInstancesDesk(): Promise<InstancesDesk> {
  let holding: { arrive: () => void; released: Promise<void> } | null = null;
  const service = await httpService(async (seen, response) => {
    const held = holding;
    holding = null;
    held?.arrive();
    await held?.released;
    sendJson(response, { id: 7, url: seen.url });
  });
  const world = await startWorld();
  const base = '/v1/orgs/default/workspaces/default/tool-instances';
  const ask: InstancesDesk['ask'] = (method, path, body, key) => world.fetchJson(method, path, body, key);
  const released = await ask('POST', '/v1/catalog', ordersConnector(service.url));
  assert.equal(released.status, 201, released.text);
  let packs = 0;
  let seen = 0;
  const desk: InstancesDesk = {
    world,
    service,
    base,
    ask,
    async make(fields = {}) {
      const made = await ask('POST', base, { tool_id: 'orders', name: 'Orders', ...fields });
      assert.equal(made.status, 201, made.text);
      return made.json;
    },
    async get(id) {
      const { status, text, json } = await ask('GET', `${base}/${id}`);
      assert.equal(status, 200, text);
      return json;
    },
    put: (id, body) => ask('PUT', `${base}/${id}`, body),
    async pack(instanceId) {
      const { json } = await ask('GET', `/v1/connections/${instanceId}`);
      const body = {
        name: `Pack ${(packs += 1)}`,
        description: 'Words of the pack.',
        names: 'plain',
        entries: [{ slug: json.data.slug, auth_scope: 'ORGANIZATION' }],
      };
      const made = await ask('POST', '/v1/packs', body);
      assert.equal(made.status, 201, made.text);
      return made.json.data.slug;
    },
    async mcp(pack, method, params = {}) {
      const init = modern(method, { ...params }, { key: world.adminKey });
      return (await fetch(`${world.url}/mcp/${pack}`, init)).text();
    },
    async call(pack, tool, args) {
      const { status, text, json } = await ask('POST', '/v1/calls', { pack, tool, arguments: args });
      assert.equal(status, 200, text);
      return json;
    },
    hold() {
      const arrived = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      holding = { arrive: arrived.resolve, released: released.promise };
      return { arrived: arrived.promise, release: released.resolve };
    },
    reached() {
      const since = service.requests.slice(seen);
      seen = service.requests.length;
      return since.map(({ url, body }) => ({
        url,
        body: body.length > 0 ? (JSON.parse(body.toString()) as Json) : null,
      }));
    },
    async close() {
      await world.close();
      await service.close();
    },
  };
  return desk;
}

import assert from 'node:assert/strict';
import { shop, type Shop } from '../fakes/shop.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';

// A shop whose delete_order asks, a pack of it, and keys that ask and decide; the test moves the clock.

export type ApprovalsDesk = {
  world: World;
  store: Shop;
  connectionId: string;
  packId: string;
  tools: ReadonlyMap<string, Json>;
  /** Moves the clock on by so many ms. */
  pass(ms: number): void;
  now(): Date;
  key(body?: object, maker?: string): Promise<{ id: string; key: string }>;
  patchTool(name: string, body: object): Promise<Answer>;
  /** A call over REST; its result. */
  call(key: string, tool: string, args: object, headers?: Record<string, string>): Promise<Json>;
  approve: (id: string, body?: object, key?: string) => Promise<Answer>;
  deny: (id: string, body?: object, key?: string) => Promise<Answer>;
  /** How many requests reached the service since this was last asked. */
  reached(): number;
  close(): Promise<void>;
};

export async function openApprovalsDesk(): Promise<ApprovalsDesk> {
  const store = await shop();
  let ahead = 0;
  const clock = { now: () => new Date(Date.now() + ahead) };
  const world = await startWorld({ clock });
  const made = await world.fetchJson('POST', '/v1/connections', {
    kind: 'openapi',
    nickname: 'Shop',
    document: store.document,
    auth: { type: 'api_key', api_key: 'shop-key-1' },
  });
  assert.equal(made.status, 201, made.text);
  const connectionId: string = made.json.data.id;
  const pack = await world.fetchJson('POST', '/v1/packs', { name: 'Desk', entries: [{ slug: 'shop' }] });
  const tools = new Map<string, Json>();
  const listed = await world.ask('GET', `/v1/connections/${connectionId}/tools`);
  for (const tool of listed.json.data) tools.set(tool.name, tool);
  let seen = store.calls().length;
  return {
    world,
    store,
    connectionId,
    packId: pack.json.data.id,
    tools,
    pass: (ms) => void (ahead += ms),
    now: clock.now,
    async key(body = { scopes: ['runtime:all'] }, maker) {
      const { status, text, json } = await world.fetchJson('POST', '/v1/keys', { name: 'k', ...body }, maker);
      assert.equal(status, 201, text);
      return { id: json.data.id, key: json.data.key };
    },
    patchTool: (name, body) => world.fetchJson('PATCH', `/v1/tools/${tools.get(name).id}`, body),
    async call(key, tool, args, headers) {
      const body = { pack: 'desk', tool: `shop__${tool}`, arguments: args };
      const { status, json, text } = await world.ask('POST', '/v1/calls', { key, body, headers });
      assert.equal(status, 200, text);
      return json;
    },
    approve: (id, body, key) => world.fetchJson('POST', `/v1/approvals/${id}/approve`, body, key),
    deny: (id, body, key) => world.fetchJson('POST', `/v1/approvals/${id}/deny`, body, key),
    reached() {
      const before = seen;
      seen = store.calls().length;
      return seen - before;
    },
    async close() {
      await world.close();
      await store.close();
    },
  };
}

/** The id of the approval a call asks for. */
export function askedFor(result: Json): string {
  assert.equal(result.isError, true, JSON.stringify(result));
  const told = JSON.parse(result.content[0].text) as Json;
  assert.equal(told.error, 'confirmation_required', JSON.stringify(result));
  return told.approval_id;
}

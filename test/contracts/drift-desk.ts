import assert from 'node:assert/strict';
import { result, scriptedMcp } from '../fakes/scripted-mcp.ts';
import { listing } from './mcp-counter.ts';
import { startWorld, type Answer, type Json, type World } from '../world.ts';

export const connections = '/v1/integrations/connections';

/** A connection to a server whose tools a test changes, in a pack of its own. */
export type Drifting = {
  id: string;
  slug: string;
  /** What the server lists from now on; null: it fails. */
  list(tools: readonly object[] | null): void;
  /** The arguments of its last call, and how it answers calls. */
  sent(): Json;
  answers(make: ((args: Json) => object) | null): void;
  sync(): Promise<Json>;
  connection(): Promise<Json>;
  tool(name: string): Promise<Json>;
  patchTool(name: string, body: object): Promise<Answer>;
  policy(policy: string): Promise<void>;
  /** The tool objects agents are listed, without the connection's prefix. */
  served(): Promise<Json[]>;
  call(name: string, args?: object): Promise<Answer>;
  close(): Promise<void>;
};

export type DriftDesk = {
  world: World;
  connect(nickname: string, tools: readonly object[]): Promise<Drifting>;
  close(): Promise<void>;
};

export async function openDriftDesk(): Promise<DriftDesk> {
  const world = await startWorld();
  const open: Drifting[] = [];
  return {
    world,
    async connect(nickname, tools) {
      const drifting = await connect(world, nickname, tools);
      open.push(drifting);
      return drifting;
    },
    async close() {
      await world.close();
      for (const drifting of open) await drifting.close();
    },
  };
}

async function connect(world: World, nickname: string, first: readonly object[]): Promise<Drifting> {
  let tools: readonly object[] | null = first;
  let answer: ((args: Json) => object) | null = null;
  let sent: Json = null;
  const server = await scriptedMcp({
    era: 'modern',
    intercept(_seen, message, response) {
      if (tools !== null || message?.method !== 'tools/list') return false;
      response.writeHead(503).end();
      return true;
    },
    tools: () => ({ tools, resultType: 'complete', ttlMs: 0, cacheScope: 'private' }),
    call(message, response) {
      sent = message.params!['arguments'];
      const said = answer?.(sent) ?? { content: [{ type: 'text', text: 'done' }] };
      result(response, message.id, { resultType: 'complete', ...said });
    },
  });
  const done = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const { status, json, text } = await world.fetchJson(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${text}`);
    return json;
  };
  const made = await done('POST', `${connections}/custom-mcp`, { nickname, server_url: server.url });
  const path = `${connections}/${made.connection_id}`;
  const { nickname_slug: slug } = await done('GET', path);
  const pack = (await done('POST', '/v1/packs', { name: nickname, entries: [{ slug }] })).data.id;
  const tool = async (name: string): Promise<Json> => {
    const { tools: all } = await done('GET', path);
    const found = all.find((one: Json) => one.tool_path === name);
    assert.ok(found, `no tool ${name}`);
    return found;
  };
  return {
    id: made.connection_id,
    slug,
    list: (next) => void (tools = next),
    sent: () => sent,
    answers: (make) => void (answer = make),
    sync: () => done('POST', `${path}/sync`),
    connection: () => done('GET', path),
    tool,
    async patchTool(name, body) {
      return world.fetchJson('PATCH', `${path}/tools/${(await tool(name)).id}`, body);
    },
    policy: async (policy) => void (await done('PATCH', path, { drift_policy: policy })),
    async served() {
      const { json } = await world.ask('POST', `/mcp/${pack}`, listing);
      return json.result.tools.map((one: Json) => ({ ...one, name: one.name.slice(`${slug}__`.length) }));
    },
    call: (name, args = {}) =>
      world.fetchJson('POST', '/v1/calls', { pack, tool: `${slug}__${name}`, arguments: args }),
    close: () => server.close(),
  };
}

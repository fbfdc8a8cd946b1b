import assert from 'node:assert/strict';
import { systemChange } from '../../src/access/index.ts';
import {
  findConnection,
  flipConnection,
  type Connection,
  type ConnectionHooks,
  type ConnectionStatus,
} from '../../src/connections/index.ts';
import { parseId, type Tx } from '../../src/kernel/index.ts';
import { connectionHooksOf } from '../../src/main/connection-hooks.ts';
import type { Shop } from '../fakes/shop.ts';
import type { Answer, Json, World } from '../world.ts';

/** An organization of its own, with what tests of agents ask of it. */
export type Desk = {
  id: string;
  key: string;
  hooks: ConnectionHooks;
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Asks for what has to succeed; answers its data. */
  make(method: string, path: string, body?: unknown): Promise<Json>;
  /** Connects the shop under a name; answers the connector as this contract shows it. */
  connect(nickname: string): Promise<Json>;
  /** Makes an agent with these tools of these connectors. */
  agent(handle: string, tools: readonly (readonly [Json, string])[], more?: object): Promise<Json>;
  /** The agent's tools at its own address. */
  listed(agent: Json, key?: string): Promise<readonly string[]>;
  /** Moves a connection's status as the vault and the service would have it. */
  flip(connector: Json, status: ConnectionStatus, reason?: string | null): Promise<void>;
  /** Work in a change of the connection, whose row is held. */
  within<T>(connector: Json, work: (tx: Tx, connection: Connection) => Promise<T>): Promise<T>;
  audit(action: string): Promise<readonly Json[]>;
};

export const toolsOf = (tools: readonly (readonly [Json, string])[]) =>
  tools.map(([connector, name]) => ({ name, connector_id: connector.id }));

export async function openDesk(world: World, store: Shop): Promise<Desk> {
  const { id, key } = await world.organization();
  const { crib } = world;
  const hooks = connectionHooksOf(crib, null);
  const ask: Desk['ask'] = (method, path, body, other) =>
    world.ask(method, path, { key: other ?? key, body });
  const make: Desk['make'] = async (method, path, body) => {
    const answer = await ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer.json?.data;
  };
  const within: Desk['within'] = (connector, work) =>
    systemChange(crib, id, 'connection.status_changed', async (tx) => {
      const connection = (await findConnection(tx, id, { id: parseId(connector.id)! }, true))!;
      const result = await work(tx, connection);
      return { result, target: { type: 'connection', id: connection.id }, changes: {} };
    });
  return {
    id,
    key,
    hooks,
    ask,
    make,
    within,
    async connect(nickname) {
      const made = await make('POST', '/v1/connections', {
        kind: 'openapi',
        nickname,
        document: store.document,
        auth: { type: 'bearer', token: `token of ${nickname}` },
      });
      return make('GET', `/v1/connectors/${made.id}`);
    },
    agent: (handle, tools, more = {}) =>
      make('POST', '/v1/agents', { handle, tools: toolsOf(tools), ...more }),
    async listed(agent, other) {
      const { tools } = await listTools(world, agent.handle, other ?? agent.key);
      return tools;
    },
    async flip(connector, status, reason = null) {
      await within(connector, (tx, before) =>
        flipConnection(tx, { clock: crib.clock, connectionHooks: hooks }, before, { status, reason }),
      );
    },
    async audit(action) {
      return make('GET', `/v1/audit?action=${action}&limit=100`);
    },
  };
}

export const mcpHeaders = (method: string, name?: string) => ({
  accept: 'application/json, text/event-stream',
  'content-type': 'application/json',
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});

/** One request of the current revision at an address. */
export function speak(
  world: World,
  path: string,
  key: string,
  method: string,
  params: Record<string, unknown> = {},
): Promise<Answer> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const name = typeof params['name'] === 'string' ? params['name'] : undefined;
  const raw = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } });
  return world.ask('POST', path, { key, raw, headers: mcpHeaders(method, name) });
}

async function listTools(world: World, handle: string, key: string): Promise<{ tools: readonly string[] }> {
  const { status, text, json } = await speak(world, `/mcp/agents/${handle}`, key, 'tools/list');
  assert.equal(status, 200, text);
  return { tools: json.result.tools.map((tool: Json) => tool.name) };
}

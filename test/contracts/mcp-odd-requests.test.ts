import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  assert as check,
  asyncProperty,
  constantFrom,
  json,
  oneof,
  record,
  option,
  string,
} from 'fast-check';
import type { OpenDatabase } from '../../src/kernel/index.ts';
import {
  ask,
  createCounter,
  modern,
  openGround,
  openReplica,
  toolOf,
  type Counter,
  type Replica,
} from './mcp-counter.ts';

describe('Odd requests to an MCP address', () => {
  let ground: OpenDatabase;
  let counter: Counter;
  let replica: Replica;
  let url: string;

  before(async () => {
    ground = await openGround();
    counter = createCounter([toolOf('t')]);
    replica = await openReplica(counter, ground);
    url = `${replica.url}/mcp/desk`;
  });
  after(async () => {
    await replica.close();
    await ground.database.close();
  });

  const version = constantFrom('2026-07-28', '2025-11-25', '2024-11-05', 'x', undefined);
  const method = constantFrom('tools/call', 'tools/list', 'initialize', 'ping', 'constructor', '', 7, null);
  const value = oneof(
    json().map((text) => JSON.parse(text) as unknown),
    constantFrom('t', 1, null, {}, []),
  );
  const message = record(
    { jsonrpc: constantFrom('2.0', '1.0', 2), id: value, method, params: value },
    { requiredKeys: [] },
  );
  const withMeta = record({ version, capabilities: value, name: value, cursor: value }).map((parts) => ({
    name: parts.name,
    cursor: parts.cursor,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': parts.version,
      'io.modelcontextprotocol/clientCapabilities': parts.capabilities,
    },
  }));
  const body = oneof(
    message.map((one) => JSON.stringify(one)),
    record({ jsonrpc: constantFrom('2.0'), id: constantFrom(1), method, params: withMeta }).map((one) =>
      JSON.stringify(one),
    ),
    string(),
  );
  const headers = record({
    'MCP-Protocol-Version': option(version),
    'Mcp-Method': option(constantFrom('tools/call', 'tools/list', 'ping')),
    'Mcp-Session-Id': option(constantFrom('x', 'A'.repeat(52))),
  });

  it('get an answer of JSON-RPC and never a status of 500', async () => {
    const statuses = new Set([200, 202, 400, 404]);
    await check(
      asyncProperty(body, headers, async (text, sent) => {
        const given = Object.entries(sent).filter(
          (entry): entry is [string, string] => typeof entry[1] === 'string',
        );
        const init = modern('x');
        const response = await fetch(url, {
          ...init,
          headers: {
            Authorization: 'Bearer good',
            'Content-Type': 'application/json',
            Accept: 'application/json, text/event-stream',
            ...Object.fromEntries(given),
          },
          body: text,
        });
        assert.ok(statuses.has(response.status), `status ${response.status}`);
        const answer = await response.text();
        if (response.status === 202) assert.equal(answer, '');
        else assert.equal((JSON.parse(answer) as { jsonrpc: string }).jsonrpc, '2.0');
      }),
      { numRuns: 300 },
    );
  });

  it('are refused when the body is no UTF-8, packed, or nested without end', async () => {
    const init = modern('tools/list');
    const post = (body: string | Uint8Array<ArrayBuffer>, more: Record<string, string> = {}) =>
      ask(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...more }, body });
    assert.equal((await post(Uint8Array.of(0x22, 0xff, 0x22))).body.error?.code, -32700);
    assert.equal((await post('x', { 'Content-Encoding': 'gzip' })).status, 415);
    assert.equal((await post('['.repeat(100_000) + ']'.repeat(100_000))).body.error?.code, -32700);
    assert.equal((await post('')).body.error?.code, -32700);
  });

  it('leave nothing behind when their client goes away in the middle of the body', async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write(
      'POST /mcp/desk HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nContent-Type: application/json\r\n' +
        'Content-Length: 100\r\n\r\n{"jsonrpc"',
    );
    await once(socket, 'connect');
    socket.destroy();
    await once(socket, 'close');
    assert.equal((await ask(url, modern('tools/list'))).status, 200);
  });
});

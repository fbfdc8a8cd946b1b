import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Json } from '../../kernel/index.ts';
import { idTextOf, progressTokenOf, readMessage } from './message.ts';
import { checkBatch } from './serve-batch.ts';

it('tells requests, notifications and responses apart', () => {
  const kind = (value: Json) => readMessage(value).kind;
  assert.equal(kind({ jsonrpc: '2.0', id: 0, method: 'ping' }), 'request');
  assert.equal(kind({ jsonrpc: '2.0', id: '', method: 'ping', params: {} }), 'request');
  assert.equal(kind({ jsonrpc: '2.0', method: 'notifications/x' }), 'notification');
  assert.equal(kind({ jsonrpc: '2.0', id: 1, result: {} }), 'response');
  assert.equal(kind({ jsonrpc: '2.0', id: null, error: { code: 1, message: '' } }), 'response');
});

it('takes nothing else for a message', () => {
  const wrong: Json[] = [
    null,
    7,
    'ping',
    [],
    {},
    { id: 1, method: 'ping' },
    { jsonrpc: '1.0', id: 1, method: 'ping' },
    { jsonrpc: '2.0', id: null, method: 'ping' },
    { jsonrpc: '2.0', id: 1.5, method: 'ping' },
    { jsonrpc: '2.0', id: true, method: 'ping' },
    { jsonrpc: '2.0', id: {}, method: 'ping' },
    { jsonrpc: '2.0', id: 1, method: 7 },
    { jsonrpc: '2.0', id: 1, method: '' },
    { jsonrpc: '2.0', id: 1, method: 'ping', params: [] },
    { jsonrpc: '2.0', id: 1, method: 'ping', params: 'x' },
    { jsonrpc: '2.0', id: 1 },
    { jsonrpc: '2.0', id: 1, result: {}, error: {} },
  ];
  for (const value of wrong) assert.throws(() => readMessage(value), JSON.stringify(value));
});

it('echoes an id where one can be read, even of a wrong request', () => {
  assert.equal(idTextOf({ id: 'a"b', method: 7 }), '"a\\"b"');
  assert.equal(idTextOf({ id: null, method: 'x' }), null);
  assert.equal(idTextOf([{ id: 1, method: 'x' }]), null);
});

it('takes a text or an integer for a progress token', () => {
  const token = (value: Json) => progressTokenOf({ _meta: { progressToken: value } });
  assert.equal(token('a'), 'a');
  assert.equal(token(0), 0);
  assert.equal(token({}), null);
  assert.equal(token(1.5), null);
  assert.equal(progressTokenOf({ _meta: [] }), null);
});

it('has batches in 2025-03-26 alone, neither empty nor endless nor of the modern era', () => {
  const ping: Json = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const modern: Json = {
    ...ping,
    params: { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
  };
  checkBatch([ping, ping], '2025-03-26');
  assert.throws(() => checkBatch([ping], '2025-06-18'), /not part of this protocol version/);
  assert.throws(() => checkBatch([], '2025-03-26'), /empty/);
  assert.throws(
    () =>
      checkBatch(
        Array.from({ length: 51 }, () => ping),
        '2025-03-26',
      ),
    /at most 50/,
  );
  assert.throws(() => checkBatch([ping, modern], '2025-03-26'), /2026-07-28/);
});

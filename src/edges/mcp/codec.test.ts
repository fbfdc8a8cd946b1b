import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { ViewTool } from '../../gateway/index.ts';
import { createLegacyCodec } from './codec-legacy.ts';
import { createModernCodec } from './codec-modern.ts';
import { errorText, progressText, resultText } from './codec.ts';

const modern = createModernCodec('0.1.0');
const legacy = createLegacyCodec('2025-11-25', '0.1.0');
const oldest = createLegacyCodec('2025-03-26', '0.1.0');
const read = (text: string) => JSON.parse(text) as { [key: string]: unknown };

const tool = (outputSchema?: object): ViewTool => ({
  name: 't',
  json: JSON.stringify({ name: 't', inputSchema: { type: 'object' }, outputSchema }),
});

it('gives each revision the output schemas its clients can read', () => {
  const schemas = [undefined, { type: 'object' }, { type: 'array' }, { anyOf: [] }];
  const shown = (codec: typeof modern) =>
    schemas.map((schema) => read(codec.tool(tool(schema)))['outputSchema']);
  assert.deepEqual(shown(modern), schemas);
  assert.deepEqual(shown(legacy), [undefined, { type: 'object' }, undefined, undefined]);
  assert.deepEqual(shown(oldest), [undefined, undefined, undefined, undefined]);
});

it('gives structured content of any kind to the modern era, objects to the earlier, none to the first', () => {
  const shown = (codec: typeof modern, structuredContent: number[] | { a: number }) =>
    read(codec.callResult({ content: [], structuredContent, isError: false }))['structuredContent'];
  assert.deepEqual(shown(modern, [1]), [1]);
  assert.deepEqual(shown(legacy, [1]), undefined);
  assert.deepEqual(shown(legacy, { a: 1 }), { a: 1 });
  assert.deepEqual(shown(oldest, { a: 1 }), undefined);
});

it('keeps an error result an error in every revision', () => {
  for (const codec of [modern, legacy, oldest]) {
    assert.equal(read(codec.callResult({ content: [], isError: true }))['isError'], true);
  }
});

it('writes envelopes that are JSON whatever they carry', () => {
  assert.deepEqual(read(resultText('"a"', '{}')), { jsonrpc: '2.0', id: 'a', result: {} });
  assert.deepEqual(read(errorText(null, -1, '"', undefined)), {
    jsonrpc: '2.0',
    error: { code: -1, message: '"' },
  });
  assert.deepEqual(read(progressText(1, { progress: 2, message: '\n' }))['params'], {
    progressToken: 1,
    progress: 2,
    message: '\n',
  });
});

it('says a page goes on only where it does', () => {
  for (const codec of [modern, legacy]) {
    assert.equal(read(codec.listPage('', null))['nextCursor'], undefined);
    assert.equal(read(codec.listPage('{}', 'c"'))['nextCursor'], 'c"');
  }
});

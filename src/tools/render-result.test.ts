import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContentBlock, Reply } from '../drivers/index.ts';
import type { Json } from '../kernel/index.ts';
import { compileMap } from './project.ts';
import { renderResult } from './render-result.ts';

const reply = (value: Json | undefined, more: Partial<Reply> = {}): Reply => ({
  isError: false,
  status: 200,
  value,
  content: [],
  bytes: 0,
  ...more,
});
const text = (words: string): ContentBlock => ({ type: 'text', text: words });
const onlyA = compileMap({ field_mappings: [{ path: 'a' }] });
const texts = (rendered: { content: readonly ContentBlock[] }) =>
  rendered.content.map((block) => block.text as string);

test('serves an object as text and as structured content, and anything else as text', () => {
  assert.deepEqual(renderResult(reply({ a: 1 }), null), {
    content: [text('{"a":1}')],
    structuredContent: { a: 1 },
    isError: false,
    bytes: 7,
  });
  assert.deepEqual(renderResult(reply([1]), null), { content: [text('[1]')], isError: false, bytes: 3 });
});

test('says of an HTTP service that answered with no body that it did', () => {
  const notice = 'The service answered with status 204 and no body.';
  assert.deepEqual(texts(renderResult(reply(undefined, { status: 204 }), null)), [notice]);
  assert.deepEqual(renderResult(reply(undefined, { status: null }), null).content, []);
});

test('passes blocks on where no map is in force', () => {
  const content = [text('hi'), { type: 'image', data: 'AAAA', mimeType: 'image/png' }];
  assert.deepEqual(renderResult(reply(undefined, { content }), null).content, content);
});

test('under a map shows the projected value alone, and says what is withheld', () => {
  const content = [
    text('{"a":1,"s":"SECRET"}'),
    text('SECRET'),
    { type: 'resource', resource: { uri: 'x:SECRET', text: '{"s":"SECRET"}' }, _meta: { s: 'SECRET' } },
  ];
  const rendered = renderResult(reply({ a: 1, s: 'SECRET' }, { content, status: null }), onlyA);
  assert.deepEqual(rendered.structuredContent, { a: 1 });
  assert.deepEqual(texts(rendered)[0], '{"a":1}');
  assert.match(texts(rendered)[1]!, /2 parts of the reply are not JSON and withheld/);
  assert.ok(!JSON.stringify(rendered).includes('SECRET'));
  assert.match(texts(renderResult(reply(undefined, { content: [text('SECRET')] }), onlyA))[0]!, /withheld/);
  assert.equal(renderResult(reply({ a: 1 }, { content: [text('{"a":1}')] }), onlyA).content.length, 1);
});

test('of an error shows our sentence, the status and one string', () => {
  const error = (value: Json | undefined, more: Partial<Reply> = {}, mapped = false) =>
    texts(renderResult(reply(value, { isError: true, status: 404, ...more }), mapped ? onlyA : null));
  const sentence = 'The service answered with an error (status 404).';
  assert.deepEqual(error({ message: 'Gone', data: 'SECRET' }), [`${sentence} Gone`]);
  assert.deepEqual(error({ error: { message: 'SECRET' }, detail: 'No such thing' }), [
    `${sentence} No such thing`,
  ]);
  assert.deepEqual(error({ data: 'SECRET' }), [sentence]);
  assert.deepEqual(error(undefined, { content: [text('<html>SECRET')] }), [sentence]);
  assert.equal(error({ title: 'x'.repeat(900) })[0]?.length, sentence.length + 501);
  const content = [text('no such file'), text('SECRET')];
  assert.deepEqual(error(undefined, { status: null, content }), [
    'The service answered with an error. no such file',
  ]);
  assert.deepEqual(error(undefined, { status: null, content }, true), [
    'The service answered with an error.',
  ]);
  assert.deepEqual(error({ message: 'Gone', data: 'SECRET' }, { content: [text('SECRET')] }, true), [
    `${sentence} Gone`,
  ]);
  assert.equal(renderResult(reply(null, { isError: true }), null).isError, true);
});

test('cuts what is too large, with a notice', () => {
  const long = renderResult(reply({ a: 'ö'.repeat(200) }), onlyA, { maxBytes: 101 });
  assert.match(texts(long)[0]!, /cut after 101/);
  assert.ok(Buffer.byteLength(texts(long)[1]!) <= 101);
  assert.equal(long.structuredContent, undefined);
  const blocks = renderResult(
    reply(undefined, { content: [text('a'.repeat(60)), text('b'.repeat(60))] }),
    null,
    { maxBytes: 100 },
  );
  assert.deepEqual(texts(blocks).slice(1), ['a'.repeat(60), 'b'.repeat(40)]);
});

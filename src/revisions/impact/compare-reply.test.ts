import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResponseMap } from '../../tools/index.ts';
import { compareReply, type KeptReply } from './compare-reply.ts';

const map = (...paths: (string | [string, string])[]): ResponseMap => ({
  field_mappings: paths.map((path) =>
    typeof path === 'string' ? { path } : { path: path[0], alias: path[1] },
  ),
});
const ok = (view: string | null): KeptReply => ({ outcome: 'ok', reason: null, view });
const whole = ok('{"id":7,"lines":[{"title":"Lamp","cost":12}],"customer":{"name":"Ada"}}');

test('the same map, or none before and after, leaves a reply as it is', () => {
  assert.equal(compareReply(ok(null), null, null), 'same');
  assert.equal(compareReply(ok(null), map('id'), map('id')), 'same');
});

test('a reply that was shown whole says what any map would leave of it', () => {
  assert.equal(compareReply(whole, null, map('id')), 'changed');
  assert.equal(compareReply(whole, null, map('id', 'lines[]', 'customer')), 'same');
  assert.equal(compareReply(whole, null, map(['id', 'number'])), 'changed');
  assert.equal(compareReply(ok('No JSON.'), null, map('id')), 'changed');
});

test('a reply that was cut, and a map that takes more than was shown, say nothing', () => {
  assert.equal(compareReply(ok(null), null, map('id')), 'undecidable');
  assert.equal(compareReply(whole, map('id'), null), 'undecidable');
  assert.equal(compareReply(ok('{"id":7}'), map('id'), map('id', 'customer')), 'undecidable');
  assert.equal(compareReply(ok('{"number":7}'), map(['id', 'number']), map('number')), 'undecidable');
});

test('a map that takes of what another one leaves is tried on what was shown', () => {
  const shown = ok('{"lines":[{"title":"Lamp","cost":12}],"customer":{}}');
  const was = map('lines[]', 'customer.age');
  assert.equal(compareReply(shown, was, map('lines[].title')), 'changed');
  assert.equal(compareReply(shown, was, map('lines[]', 'customer.age')), 'same');
  assert.equal(compareReply(shown, was, map('lines[]', 'customer.age.years')), 'same');
  assert.equal(compareReply(ok('{"id":7}\nOne part is withheld.'), map('id', 'x'), map('id')), 'same');
});

test('a failure is shown alike under any map, but for what an MCP server says of its own', () => {
  const failed = (reason: string): KeptReply => ({ outcome: 'failed', reason, view: 'It failed.' });
  assert.equal(compareReply(failed('status_404'), null, map('id')), 'same');
  assert.equal(compareReply(failed('tool_error'), map('x'), map('id')), 'same');
  assert.equal(compareReply(failed('tool_error'), null, map('id')), 'undecidable');
  assert.equal(compareReply(failed('timeout'), null, map('id')), 'undecidable');
  assert.equal(
    compareReply({ outcome: 'denied', reason: 'pinned', view: null }, map('x'), map('id')),
    'undecidable',
  );
});

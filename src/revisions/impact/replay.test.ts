import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpBinding } from '../../connectors/index.ts';
import { canonicalJson, type Json } from '../../kernel/index.ts';
import {
  compileConfirmation,
  compileInput,
  type Confirmation,
  type InputRules,
  type ResponseMap,
} from '../../tools/index.ts';
import { replay, type KeptCall } from './replay.ts';
import type { Served, Serving } from './serving.ts';

const binding: HttpBinding = {
  kind: 'http',
  method: 'GET',
  path: '/orders',
  server: null,
  parameters: [],
  body: null,
};
const schema = {
  type: 'object',
  properties: { status: { type: 'string' }, limit: { type: 'integer' }, token: { type: 'string' } },
};

type How = {
  rules?: InputRules;
  schema?: typeof schema;
  path?: string;
  confirmation?: Confirmation;
  responseMap?: ResponseMap;
  authScope?: Served['authScope'];
};

function served(how: How): Served {
  const { rules = null, confirmation = false, responseMap = null, authScope = null } = how;
  const at = { ...binding, path: how.path ?? binding.path };
  const input = canonicalJson([how.schema ?? schema, rules, at]);
  const compiled = {
    slug: 'shop__list',
    shape: compileInput({ inputSchema: how.schema ?? schema, binding: at }, rules),
    asks: compileConfirmation(confirmation, { inputSchema: how.schema ?? schema }),
    binding: at,
    target: { address: 'https://shop.example' },
  };
  return {
    compiled: compiled as unknown as Served['compiled'],
    confirmation,
    responseMap,
    authScope,
    inputFingerprint: input,
    fingerprint: canonicalJson([input, confirmation, responseMap, authScope]),
  };
}

const serving =
  (how: How | null): Serving =>
  ({ tool }) =>
    how && tool === 'list' ? served(how) : null;

let made = 0;
const call = (args: Json | null, more: Partial<KeptCall> = {}): KeptCall => ({
  callId: String((made += 1)),
  packId: 'pack',
  tool: 'list',
  registeredUserId: null,
  wasLetThrough: true,
  sent: args === null ? null : { arguments: args, withheld: [] },
  reply: { outcome: 'ok', reason: null, view: '{"id":7}' },
  ...more,
});

function counts(calls: readonly KeptCall[], before: How, after: How | null): readonly number[] {
  const { refused, changed, undecidable } = replay(calls, serving(before), serving(after));
  return [refused, changed, undecidable];
}

const pin: InputRules = { status: { mode: 'pinned', value: 'open' } };

test('a call is refused, changed or as it was, by the rules as they would be', () => {
  const calls = [call({ status: 'paid' }), call({ status: 'open' }), call({}), call({ none: 1 })];
  assert.deepEqual(counts(calls, {}, { rules: pin }), [1, 1, 0]);
  assert.deepEqual(counts(calls, { rules: pin }, {}), [0, 2, 0]);
  assert.deepEqual(counts(calls, {}, null), [3, 0, 0]);
  assert.deepEqual(counts(calls, {}, {}), [0, 0, 0]);
});

test('a call that nothing there serves now is neither', () => {
  assert.deepEqual(counts([call({}, { tool: 'gone' })], {}, null), [0, 0, 0]);
});

test('where a call goes counts, what its fields have nothing to do with does not', () => {
  assert.deepEqual(counts([call({})], {}, { path: '/v2/orders' }), [0, 1, 0]);
  const wider = { ...schema, properties: { ...schema.properties, page: { type: 'integer' } } };
  assert.deepEqual(counts([call({})], {}, { schema: wider }), [0, 0, 0]);
});

test('arguments that were not kept, or not whole, leave undecided what hangs on them', () => {
  const unread = [
    call(null),
    call(null, { sent: { arguments: {}, withheld: ['token'] } }),
    call(null, { wasLetThrough: false }),
  ];
  assert.deepEqual(counts(unread, {}, { rules: pin }), [0, 0, 3]);
  assert.deepEqual(counts(unread, {}, null), [2, 0, 1]);
  const map = { field_mappings: [{ path: 'name' }] };
  assert.deepEqual(counts(unread, {}, { responseMap: map }), [0, 2, 1]);
});

test('with another account the reply may be any', () => {
  assert.deepEqual(counts([call({})], { authScope: 'ORGANIZATION' }, { authScope: 'SHARED' }), [0, 0, 1]);
});

test('a call that would ask a person is refused, one that asks now and would not is changed', () => {
  const calls = [call({ status: 'paid' }), call({ status: 'open' }), call({ none: 1 })];
  const paid: Confirmation = { any: [{ path: 'status', op: 'eq', value: 'paid' }] };
  assert.deepEqual(counts(calls, {}, { confirmation: true }), [2, 0, 0]);
  assert.deepEqual(counts(calls, {}, { confirmation: paid }), [1, 0, 0]);
  assert.deepEqual(counts(calls, { confirmation: true }, { confirmation: paid }), [0, 1, 0]);
  assert.deepEqual(counts(calls, { confirmation: true }, {}), [0, 2, 0]);
  assert.deepEqual(counts(calls, { confirmation: true }, { confirmation: true, rules: pin }), [1, 0, 0]);
  assert.deepEqual(counts(calls, { confirmation: true, rules: pin }, { confirmation: true }), [0, 1, 0]);
  // What is asked about is what is sent: a pin can make it so.
  assert.deepEqual(
    counts([call({})], {}, { confirmation: paid, rules: { status: { mode: 'pinned', value: 'paid' } } }),
    [1, 0, 0],
  );
  const { examples } = replay(calls, serving({}), serving({ confirmation: paid }));
  assert.deepEqual(
    examples.map(({ outcome, reason }) => [outcome, reason]),
    [['refused', 'It would ask a person first.']],
  );
});

test('of a call that cannot be read it is known whether it would ask only where all or none do', () => {
  const unread = [call(null), call(null, { sent: { arguments: {}, withheld: ['token'] } })];
  const some: Confirmation = { any: [{ path: 'status', op: 'present' }] };
  assert.deepEqual(counts(unread, {}, { confirmation: true }), [2, 0, 0]);
  assert.deepEqual(counts(unread, {}, { confirmation: true, rules: pin }), [2, 0, 0]);
  assert.deepEqual(counts(unread, { confirmation: true }, {}), [0, 2, 0]);
  assert.deepEqual(counts(unread, { confirmation: true }, { rules: pin }), [0, 0, 2]);
  assert.deepEqual(counts(unread, {}, { confirmation: some }), [0, 0, 2]);
  assert.deepEqual(counts(unread, { confirmation: some }, {}), [0, 0, 2]);
  assert.deepEqual(counts(unread, { confirmation: some }, { confirmation: true }), [0, 0, 2]);
  assert.deepEqual(counts([call(null, { wasLetThrough: false })], {}, { confirmation: true }), [0, 0, 1]);
});

test('at most five examples, refusals first, with names of fields and no value', () => {
  const calls = [call({}), ...Array.from({ length: 6 }, (_, at) => call({ status: `zq-${at}` }))];
  const { examples, refused } = replay(calls, serving({}), serving({ rules: pin }));
  assert.equal(refused, 6);
  assert.deepEqual(
    examples.map(({ outcome, tool }) => [outcome, tool]),
    Array.from({ length: 5 }, () => ['refused', 'shop__list']),
  );
  assert.equal(JSON.stringify(examples).includes('zq-'), false);
  assert.ok(examples.every(({ reason }) => reason.includes('"status"')));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SealedValue } from '../drivers/index.ts';
import type { JsonSchema } from '../kernel/index.ts';
import type { InputRules } from './curation.ts';
import { compileInput, type ShapeOptions } from './shape-input.ts';

const binding = { kind: 'mcp', tool: 't' } as const;
const schema: JsonSchema = {
  type: 'object',
  required: ['owner'],
  properties: {
    owner: { type: 'string' },
    limit: { type: ['integer', 'null'], maximum: 100 },
    state: { enum: ['open', 'closed', 'all'] },
    key: { type: 'string', minLength: 20 },
    'page.limit': { type: 'integer' },
    filter: { type: 'object' },
  },
};
const shaper = (rules: InputRules | null, options: ShapeOptions = {}, inputSchema = schema) =>
  compileInput({ inputSchema, binding }, rules, options);
const reason = (rules: InputRules | null, args: unknown, options: ShapeOptions = {}): string => {
  const shaped = shaper(rules, options)(args);
  return shaped.ok ? 'ok' : `${shaped.reason} ${shaped.field}`;
};
const pin: InputRules = { limit: { mode: 'pinned', value: 5 }, owner: { mode: 'default', value: 'me' } };

test('sends defaults, then what the agent sends, then pins', () => {
  const shaped = shaper({ ...pin, state: { mode: 'default', value: 'open' } })({ state: 'closed' });
  assert.deepEqual(shaped.ok && shaped.arguments, { owner: 'me', state: 'closed', limit: 5 });
});

test('takes an explicit null over a default, and lets the service judge it', () => {
  const shaped = shaper({ limit: { mode: 'default', value: 5 } })({ owner: 'a', limit: null });
  assert.deepEqual(shaped.ok && shaped.arguments, { limit: null, owner: 'a' });
  assert.equal(reason({ owner: { mode: 'default', value: 'x' } }, { owner: null }), 'invalid owner');
});

test('refuses a pinned or hidden field by name, unless it is the pinned value itself', () => {
  assert.equal(reason(pin, { limit: 6 }), 'pinned limit');
  assert.equal(reason(pin, { limit: null }), 'pinned limit');
  assert.equal(reason(pin, { limit: 5 }), 'ok');
  assert.equal(reason({ limit: { mode: 'hidden' } }, { owner: 'a', limit: 5 }), 'hidden limit');
  assert.equal(reason({ limit: { mode: 'hidden', value: 5 } }, { owner: 'a', limit: 5 }), 'ok');
  assert.equal(
    reason({ filter: { mode: 'pinned', value: { a: 1, b: [2] } } }, { owner: 'a', filter: { b: [2], a: 1 } }),
    'ok',
  );
  const shaped = shaper(pin)({ limit: 6 });
  assert.match(shaped.ok ? '' : shaped.message, /"limit"/);
});

test('refuses every other spelling of a fixed field, but not a declared name', () => {
  for (const key of [
    'LIMIT',
    ' limit',
    'li\u0000mit',
    'ｌｉｍｉｔ',
    'limit[]',
    '[limit]',
    'page[limit]',
    'x.limit',
    'limit.x',
    'a.limit.b',
    'lim\u200bit',
    'limit]',
    'limit\u00a0',
    'ſ'.concat('limit').slice(1),
  ]) {
    const outcome = reason(pin, { [key]: 9 });
    assert.ok(
      outcome === 'forbidden_key limit' || outcome === 'pinned limit',
      `${JSON.stringify(key)} ${outcome}`,
    );
  }
  assert.equal(reason(pin, { 'page.limit': 9 }), 'ok');
  assert.equal(reason(pin, { limits: 9 }), 'ok');
  assert.equal(reason({ state: { enum: ['open'] } }, { owner: 'a', STATE: 'all' }), 'forbidden_key state');
});

test('refuses __proto__ at every depth', () => {
  for (const text of ['{"__proto__":1}', '{"filter":{"a":[{"__proto__":{}}]}}']) {
    assert.equal(reason(null, JSON.parse(text)), 'forbidden_key __proto__');
  }
});

test('enforces a narrowed enum at call time', () => {
  const rules: InputRules = { state: { enum: ['open', 'closed'] } };
  assert.equal(reason(rules, { owner: 'a', state: 'all' }), 'narrowed state');
  assert.equal(reason(rules, { owner: 'a', state: 'open' }), 'ok');
  assert.equal(reason(rules, { owner: 'a' }), 'ok');
  assert.equal(reason({ state: { enum: [] } }, { owner: 'a', state: 'open' }), 'narrowed state');
});

test('blocks on a pin the service no longer has, and drops a stale default', () => {
  const gone: InputRules = { old: { mode: 'pinned', value: 1 } };
  const shaped = shaper(gone)({ owner: 'a' });
  assert.equal(shaped.ok ? '' : shaped.message, 'pinned field old no longer exists');
  assert.equal(
    reason({ limit: { mode: 'pinned', value: 1 } }, { owner: 'a' }, { newestSchema: { properties: {} } }),
    'pin_vanished limit',
  );
  const stale = shaper({ old: { mode: 'default', value: 1 }, state: { mode: 'default', value: 'gone' } })({
    owner: 'a',
  });
  assert.deepEqual(stale, {
    ok: true,
    arguments: { owner: 'a' },
    validated: { owner: 'a' },
    staleDefaults: ['old', 'state'],
  });
  assert.equal(reason({ state: { mode: 'pinned', value: 'gone' } }, { owner: 'a' }), 'pin_invalid state');
});

test('carries a sealed value as a reference, and never its text', () => {
  const shaped = shaper({ key: { mode: 'pinned', secret: 's1' } })({ owner: 'a' });
  assert.ok(shaped.ok);
  assert.deepEqual(shaped.arguments.key, new SealedValue('s1'));
  assert.deepEqual(shaped.validated, { owner: 'a', key: '***' });
  assert.equal(reason({ key: { mode: 'pinned', secret: 's1' } }, { owner: 'a', key: '***' }), 'pinned key');
  assert.equal(
    reason({ key: { mode: 'default', secret: 's1' } }, { owner: 'a', key: 'short' }),
    'invalid key',
  );
  assert.equal(reason({ key: { mode: 'default', secret: 's1' } }, { owner: 'a' }), 'ok');
});

test('takes nothing but an object, and nothing as an empty one', () => {
  for (const args of [null, 1, 'x', []]) assert.equal(reason(null, args), 'invalid null');
  assert.equal(reason(null, undefined), 'invalid owner');
  let deep: unknown = 1;
  for (let level = 0; level < 50_000; level++) deep = [deep];
  assert.equal(reason(null, { filter: deep }), 'invalid null');
});

test('names the nearest field where undeclared ones would be dropped', () => {
  const http = { kind: 'http', method: 'GET', path: '/', server: null, parameters: [], body: null } as const;
  const shaped = compileInput({ inputSchema: schema, binding: http }, pin)({ onwer: 'x' });
  assert.deepEqual(shaped, {
    ok: false,
    reason: 'unknown_field',
    field: 'onwer',
    message: '"onwer" is not a field of this tool. Did you mean "owner"?',
  });
  const hidden = compileInput({ inputSchema: schema, binding: http }, pin)({ limti: 5 });
  assert.ok(!hidden.ok && !hidden.message.includes('limit"?'));
  assert.equal(reason(null, { owner: 'a', extra: 1 }), 'ok');
});

test('treats odd names as names', () => {
  const odd: JsonSchema = {
    type: 'object',
    properties: { constructor: { type: 'string' }, value: {}, toString: { type: 'integer' } },
  };
  const shape = compileInput(
    { inputSchema: odd, binding },
    JSON.parse('{"constructor":{"mode":"pinned","value":"c"},"toString":{"mode":"default","value":1}}'),
  );
  const shaped = shape({ value: 1 });
  assert.deepEqual(shaped.ok && Object.entries(shaped.arguments), [
    ['toString', 1],
    ['value', 1],
    ['constructor', 'c'],
  ]);
  assert.equal(reason(null, { owner: 'a', hasOwnProperty: 1 }), 'ok');
});

test('whatever is sent, the pinned value is what leaves, and the input stays as it was', () => {
  const shape = shaper(pin);
  fc.assert(
    fc.property(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('limit', 'owner', 'Limit')), fc.jsonValue()),
      (args) => {
        const before = JSON.stringify(args);
        const shaped = shape(args);
        if (shaped.ok) assert.equal(shaped.arguments.limit, 5);
        assert.equal(JSON.stringify(args), before);
      },
    ),
  );
});

test('measures defaults and pins by what the service said last, and everything else by what was accepted', () => {
  const accepted = {
    type: 'object',
    properties: { team: { type: 'string' }, place: { enum: ['here', 'there'] }, size: { type: 'integer' } },
    required: ['place', 'team'],
  };
  const newestSchema = {
    type: 'object',
    properties: { place: { enum: ['there'] }, size: { type: 'integer' } },
  };
  const binding = { kind: 'mcp' as const, tool: 'book' };
  const shape = (rules: InputRules) =>
    compileInput({ inputSchema: accepted, binding }, rules, { newestSchema });
  const pinned = shape({ team: { mode: 'pinned', value: 'red' } })({ place: 'here' });
  assert.equal(!pinned.ok && pinned.message, 'pinned field team no longer exists');
  const defaulted = shape({
    team: { mode: 'default', value: 'red' },
    place: { mode: 'default', value: 'here' },
    size: { mode: 'default', value: 3 },
  });
  assert.deepEqual(defaulted({}), {
    ok: true,
    arguments: { size: 3 },
    validated: { size: 3 },
    staleDefaults: ['team', 'place'],
  });
  const sent = defaulted({ place: 'here', team: 'blue' });
  assert.deepEqual(sent.ok && sent.arguments, { place: 'here', team: 'blue', size: 3 });
});

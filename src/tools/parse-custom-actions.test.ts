import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { pathProblem, placeholdersOf } from './action-path.ts';
import { parseCustomActions } from './parse-custom-actions.ts';

const action = (more: object = {}) => ({
  name: 'refund',
  description: 'Refunds an order.',
  effect: 'write',
  method: 'POST',
  path: '/orders/{id}/refund',
  parameters: [{ name: 'id', in: 'path', type: 'integer' }],
  ...more,
});
const found = (...actions: unknown[]) =>
  parseCustomActions(actions, ['custom_actions']).problems.map(({ type, path }) => [
    type,
    path.slice(1).join('.'),
  ]);

describe('custom actions as they are written', () => {
  test('a path stays below the address it is laid on', () => {
    for (const path of [
      '/',
      '/orders',
      '/orders/',
      '/a.b/~c/%20d',
      '/v1/{id}',
      '/{a}-{b}',
      '/x/...',
      '/@me:x',
    ])
      assert.equal(pathProblem(path), null, path);
    const away = [
      '', 'orders', '//evil.example/x', '/a//b', 'https://evil.example', '/..', '/../x', '/a/./b', '/a/..',
      '/\\evil.example', '/a\\b', '/%2e%2e/x', '/a%2Fb', '/a%5cb', '/a\nb', '/a\u0000b', '/a%00b', '/a b', '/a?b=c',
      '/a#b', '/{a', '/a}', '/{a/b}', '/{}', '/{{a}}', '/é', '/%zz', '/<x>',
    ]; // prettier-ignore
    for (const path of away) assert.notEqual(pathProblem(path), null, JSON.stringify(path));
    assert.deepEqual([...placeholdersOf('/{a}/{b.c}/{a}')], ['a', 'b.c']);
  });

  test('are read with every problem at its place', () => {
    assert.deepEqual(found(action()), []);
    assert.deepEqual(found({}), [
      ['missing', '0.name'],
      ['missing', '0.description'],
      ['missing', '0.effect'],
      ['missing', '0.method'],
      ['missing', '0.path'],
    ]);
    assert.deepEqual(found(action({ url: 'https://evil.example' })), [['extra_forbidden', '0.url']]);
    assert.deepEqual(
      found(
        action({ name: 'a b', method: 'CONNECT', effect: 'none', path: 'x' }),
        action({ name: '__proto__' }),
        action({ name: 'x'.repeat(45) }),
        7,
      ),
      [
        ['string_pattern_mismatch', '0.name'],
        ['literal_error', '0.effect'],
        ['literal_error', '0.method'],
        ['value_error', '0.path'],
        ['value_error', '1.name'],
        ['string_too_long', '2.name'],
        ['dict_type', '3'],
      ],
    );
    assert.deepEqual(found(action(), action()), [['value_error', '1.name']]);
    assert.deepEqual(found(action({ response: { type: 7 } })), [['value_error', '0.response']]);
    const { problems } = parseCustomActions('all', ['custom_actions']);
    assert.deepEqual(problems[0]!.type, 'list_type');
    assert.deepEqual(parseCustomActions(null, []), { actions: [], problems: [] });
  });

  test('tell all that is wrong with one at once: nothing hides a parameter without a place', () => {
    const homeless = { name: 'other', in: 'path', type: 'string' };
    const body = { name: 'note', in: 'body', type: 'string' };
    const { parameters } = action();
    assert.deepEqual(
      found(
        action({ path: 'orders', method: 'GET', parameters: [{ ...homeless, required: false }, body] }),
        action({ name: 'other', effect: 'none', description: 7, parameters: [homeless, { in: 'query' }] }),
        action({ name: 'a b', method: 'HEAD', parameters: [...parameters, homeless, body] }),
        action({ name: 'twice', path: 'x' }),
        action({ name: 'twice', effect: 'none' }),
      ),
      [
        ['value_error', '0.path'],
        ['value_error', '0.parameters.0.required'],
        ['value_error', '0.parameters.1.in'],
        ['string_type', '1.description'],
        ['literal_error', '1.effect'],
        ['missing', '1.parameters.1.name'],
        ['missing', '1.parameters.1.type'],
        ['value_error', '1.path'],
        ['value_error', '1.parameters.0.name'],
        ['string_pattern_mismatch', '2.name'],
        ['value_error', '2.parameters.1.name'],
        ['value_error', '2.parameters.2.in'],
        ['value_error', '3.path'],
        ['literal_error', '4.effect'],
        ['value_error', '4.name'],
      ],
    );
    for (const parameters of ['all', Array.from({ length: 51 }, () => homeless)]) {
      assert.deepEqual(
        found(action({ parameters })).map(([, place]) => place),
        ['0.parameters'],
      );
    }
    // A place that is none may be meant for the path.
    assert.deepEqual(found(action({ parameters: [{ name: 'id', in: 'way', type: 'string' }] })), [
      ['literal_error', '0.parameters.0.in'],
    ]);
  });

  test('have a parameter for every part of the path, and a part for every such parameter', () => {
    assert.deepEqual(found(action({ parameters: [] })), [['value_error', '0.path']]);
    const other = { name: 'other', in: 'path', type: 'string' };
    assert.deepEqual(found(action({ parameters: [...action().parameters, other] })), [
      ['value_error', '0.parameters.1.name'],
    ]);
  });

  test('have parameters that can be told apart and sent', () => {
    const with_ = (...parameters: unknown[]) =>
      found(action({ path: '/x', parameters })).map(([type, path]) => [
        type,
        path!.slice('0.parameters.'.length),
      ]);
    const query = { name: 'q', in: 'query', type: 'string' };
    assert.deepEqual(with_(query, { ...query, name: 'Q' }), [['value_error', '1.name']]);
    assert.deepEqual(with_({ ...query, in: 'cookie', type: 'date', required: 'yes' }), [
      ['literal_error', '0.in'],
      ['literal_error', '0.type'],
      ['bool_type', '0.required'],
    ]);
    assert.deepEqual(with_({ ...query, name: '__proto__' }), [['value_error', '0.name']]);
    assert.deepEqual(with_({ ...query, name: 'a b' }), [['string_pattern_mismatch', '0.name']]);
    assert.deepEqual(with_({ ...query, enum: ['a', 1] }), [['wrong_type', '0.enum.1']]);
    assert.deepEqual(with_({ ...query, enum: [] }), [['too_short', '0.enum']]);
    assert.deepEqual(with_({ name: 'p', in: 'path', type: 'object', required: false }), [
      ['value_error', '0.required'],
      ['value_error', '0.type'],
      ['value_error', '0.name'],
    ]);
    const body = { name: 'b', in: 'body', type: 'object' };
    assert.deepEqual(found(action({ path: '/x', method: 'GET', parameters: [body] })), [
      ['value_error', '0.parameters.0.in'],
    ]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from '@hono/zod-openapi';
import { Fault } from '../../../kernel/index.ts';
import { connectionToolsContract } from '../connection-tools/errors.ts';
import { idField, queryBoolean, queryInt, reference, secret } from './fields.ts';
import { readInput, type Expected } from './read-input.ts';

type Entry = { type: string; loc: (string | number)[]; msg: string; input?: unknown; ctx?: unknown };
const occasion = { requestId: 'req_1', now: new Date(), publicUrl: 'http://x' };

/** What the connection-tools contract answers for a request. */
function detail(
  expected: Expected,
  sent: { params?: Record<string, string>; query?: string; body?: unknown; raw?: string },
): Entry[] {
  try {
    readInput(
      {
        params: sent.params ?? {},
        query: new URLSearchParams(sent.query),
        contentType: 'application/json',
        body: Buffer.from(sent.raw ?? (sent.body === undefined ? '' : JSON.stringify(sent.body))),
      },
      expected,
    );
    return [];
  } catch (error) {
    assert.ok(error instanceof Fault);
    const { status, body } = connectionToolsContract.refuse(error, occasion);
    assert.equal(status, 422);
    return (body as { detail: Entry[] }).detail;
  }
}

const tool = z.strictObject({
  is_enabled: z.boolean().nullish(),
  kind: z.enum(['a', 'b']).optional(),
  count: z.int().min(1).max(200).optional(),
  names: z.array(z.string().min(1)).optional(),
  values: z.record(z.string(), z.number()).optional(),
});

describe('problems as FastAPI tells them', () => {
  it('come all at once: the path’s, then the query’s, then the body’s', () => {
    const expected = {
      params: z.object({ id: idField() }),
      query: z.object({ limit: queryInt({ min: 1, max: 200, fallback: 50 }), force: queryBoolean() }),
      body: tool,
    };
    const entries = detail(expected, {
      params: { id: 'zz' },
      query: 'limit=201&force=perhaps',
      body: { kind: 'c' },
    });
    assert.deepEqual(entries, [
      {
        type: 'uuid_parsing',
        loc: ['path', 'id'],
        msg: 'Input should be a valid UUID, unable to parse string as an id',
        input: 'zz',
        ctx: { error: 'unable to parse string as an id' },
      },
      {
        type: 'less_than_equal',
        loc: ['query', 'limit'],
        msg: 'Input should be less than or equal to 200',
        input: '201',
        ctx: { le: 200 },
      },
      {
        type: 'bool_parsing',
        loc: ['query', 'force'],
        msg: 'Input should be a valid boolean, unable to interpret input',
        input: 'perhaps',
      },
      {
        type: 'literal_error',
        loc: ['body', 'kind'],
        msg: "Input should be 'a' or 'b'",
        input: 'c',
        ctx: { expected: "'a' or 'b'" },
      },
    ]);
    assert.deepEqual(
      entries.map((entry) => Object.keys(entry)),
      [
        ['type', 'loc', 'msg', 'input', 'ctx'],
        ['type', 'loc', 'msg', 'input', 'ctx'],
        ['type', 'loc', 'msg', 'input'],
        ['type', 'loc', 'msg', 'input', 'ctx'],
      ],
    );
  });

  it('name the type of each wrong value', () => {
    const wrong: readonly (readonly [object, string, string])[] = [
      [{ is_enabled: 'yes' }, 'bool_type', 'Input should be a valid boolean'],
      [{ count: 'x' }, 'int_type', 'Input should be a valid integer'],
      [
        { count: 1.5 },
        'int_from_float',
        'Input should be a valid integer, got a number with a fractional part',
      ],
      [{ count: 0 }, 'greater_than_equal', 'Input should be greater than or equal to 1'],
      [{ names: 'a' }, 'list_type', 'Input should be a valid list'],
      [{ names: [''] }, 'string_too_short', 'String should have at least 1 character'],
      [{ values: [] }, 'dict_type', 'Input should be a valid dictionary'],
      [{ extra: 1 }, 'extra_forbidden', 'Extra inputs are not permitted'],
    ];
    for (const [body, type, msg] of wrong) {
      const [entry] = detail({ body: tool }, { body });
      assert.equal(entry?.type, type, JSON.stringify(body));
      assert.equal(entry?.msg, msg);
    }
  });

  it('leave out the input of unknown fields, and never walk into a prototype', () => {
    const entries = detail({ body: tool }, { raw: '{"__proto__":{"x":1},"constructor":2,"toString":3}' });
    assert.deepEqual(
      entries.map(({ type, loc, input }) => [type, loc[1], input]),
      [
        ['extra_forbidden', '__proto__', undefined],
        ['extra_forbidden', 'constructor', undefined],
        ['extra_forbidden', 'toString', undefined],
      ],
    );
    assert.equal(detail({ body: tool }, { raw: '{"values":{"__proto__":1}}' }).length, 1);
  });

  it('read an absent query integer as its default and cut where the contract cuts', () => {
    const query = z.object({ size: queryInt({ min: 1, cap: 100, fallback: 50 }) });
    const read = (text: string) =>
      readInput(
        { params: {}, query: new URLSearchParams(text), contentType: undefined, body: null },
        { query },
      ).query;
    assert.deepEqual(read(''), { size: 50 });
    assert.deepEqual(read('size=500'), { size: 100 });
    assert.deepEqual(detail({ query }, { query: 'size=1.0' })[0]?.type, 'int_parsing');
  });

  it('read query booleans in every spelling and case', () => {
    const query = z.object({ on: queryBoolean() });
    const read = (text: string) =>
      readInput(
        { params: {}, query: new URLSearchParams(`on=${text}`), contentType: undefined, body: null },
        { query },
      ).query;
    for (const text of ['true', '1', 't', 'YES', 'y', 'On']) assert.deepEqual(read(text), { on: true }, text);
    for (const text of ['false', '0', 'F', 'no', 'N', 'off'])
      assert.deepEqual(read(text), { on: false }, text);
  });
});

describe('secrets', () => {
  const body = z.strictObject({
    nickname: z.string(),
    token: secret(z.string().min(8)).optional(),
    auth: z.strictObject({ type: z.enum(['none']), api_key: secret(z.string()).optional() }).optional(),
    headers: secret(z.record(z.string(), z.string())).optional(),
  });
  const hidden = 'hunter2';

  it('come back in no error: not their own, not a neighbour’s', () => {
    const bodies = [
      { nickname: 'n', token: hidden },
      { nickname: 'n', token: [hidden] },
      { token: hidden },
      { nickname: 'n', auth: { type: 'x', api_key: hidden } },
      { nickname: 'n', auth: { api_key: hidden } },
      { nickname: 'n', auth: hidden },
      { nickname: 'n', headers: { a: [hidden] } },
      { nickname: 'n', tokn: hidden },
      [hidden],
    ];
    for (const each of bodies) {
      const entries = detail({ body }, { body: each });
      assert.ok(entries.length > 0, JSON.stringify(each));
      assert.doesNotMatch(JSON.stringify(entries), new RegExp(hidden), JSON.stringify(each));
    }
  });

  it('do not keep other fields’ inputs from being shown', () => {
    assert.equal(detail({ body }, { body: { nickname: 7, token: 'long enough' } })[0]?.input, 7);
  });
});

describe('what secrets are taken from', () => {
  const body = z.strictObject({
    nickname: z.string(),
    refs: z.record(z.string(), reference(z.string().max(10))).nullish(),
    app: z.strictObject({ id: z.string(), secret_id: reference(z.string().max(10)).nullish() }).nullish(),
  });
  const pasted = 'hunter2-in-place-of-its-id';

  it('comes back in no error, since it may be the secret itself', () => {
    const bodies = [
      { nickname: 'n', refs: { key: pasted } },
      { nickname: 'n', refs: { key: [pasted] } },
      { nickname: 'n', refs: pasted },
      { nickname: 'n', refs: [pasted] },
      { refs: { key: pasted } },
      { nickname: 'n', app: { id: 'x', secret_id: pasted } },
      { nickname: 'n', app: { secret_id: pasted } },
      { nickname: 'n', app: pasted },
      { app: { secret_id: pasted } },
    ];
    for (const each of bodies) {
      const entries = detail({ body }, { body: each });
      assert.ok(entries.length > 0, JSON.stringify(each));
      assert.doesNotMatch(JSON.stringify(entries), new RegExp(pasted), JSON.stringify(each));
    }
  });

  it('does not keep a body without it from being shown', () => {
    assert.deepEqual(detail({ body }, { body: { refs: {}, app: null } })[0]?.input, { refs: {}, app: null });
  });
});

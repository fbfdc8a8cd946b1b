import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assert as holds, constantFrom, oneof, property, string } from 'fast-check';
import type { HttpBinding } from '../../connectors/index.ts';
import { Fault } from '../../kernel/index.ts';
import { buildRequest } from './build-request.ts';

const common = { explode: true, allowReserved: false, contentType: null } as const;
const binding: HttpBinding = {
  kind: 'http',
  method: 'POST',
  path: '/items/{p}/end',
  server: null,
  parameters: [
    { ...common, field: 'p', name: 'p', in: 'path', style: 'simple' },
    { ...common, field: 'q', name: 'q', in: 'query', style: 'form' },
    { ...common, field: 'r', name: 'r', in: 'query', style: 'form', allowReserved: true },
    { ...common, field: 'h', name: 'X-H', in: 'header', style: 'simple' },
    { ...common, field: 'c', name: 'c', in: 'cookie', style: 'form' },
  ],
  body: null,
};
const nasty = string({
  unit: oneof(
    constantFrom('/', '.', '..', '%2e', '\\', '?', '#', '&', '=', '\r', '\n', '\0', ';', '@', ':'),
    string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 12,
});

describe('arguments of an HTTP operation', () => {
  it('stay in their place whatever they hold', () => {
    holds(
      property(nasty, nasty, nasty, nasty, nasty, (p, q, r, h, c) => {
        let built;
        try {
          built = buildRequest('https://api.test/v1/', binding, { p, q, r, h, c });
        } catch (error) {
          assert.ok(error instanceof Fault && error.kind === 'invalid');
          return;
        }
        const url = new URL(built.url);
        assert.equal(url.origin, 'https://api.test');
        assert.equal(url.hash, '');
        const segments = url.pathname.split('/');
        assert.equal(segments.length, 5);
        assert.deepEqual([segments[1], segments[2], segments[4]], ['v1', 'items', 'end']);
        assert.equal(decodeURIComponent(segments[3]!), p.toWellFormed());
        assert.deepEqual(
          [...url.searchParams],
          [
            ['q', q.toWellFormed()],
            ['r', r.toWellFormed()],
          ],
        );
        assert.deepEqual(Object.keys(built.headers).sort(), ['cookie', 'x-h']);
        assert.match(built.headers['cookie']!, /^c=[^;,\s]*$/);
        assert.doesNotMatch(built.headers['x-h']!, /[\r\n\0]/);
      }),
      { numRuns: 2_000 },
    );
  });
});

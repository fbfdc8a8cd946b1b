import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Fault, type FaultKind } from '../../kernel/index.ts';
import {
  headerMismatch,
  methodNotFound,
  missingCapability,
  unsupportedRevision,
  wireErrorOf,
} from './errors.ts';

const kinds: readonly FaultKind[] = [
  'malformed',
  'unsupported_media_type',
  'too_large',
  'invalid',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'rate_limited',
  'unavailable',
  'upstream',
  'internal',
];

it('uses no code of a reserved range but those the specification defines, and no status of 500', () => {
  const defined = new Set([-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022]);
  const faults = kinds.map((kind) => new Fault(kind, 'm'));
  for (const fault of [
    ...faults,
    headerMismatch('x'),
    unsupportedRevision('x'),
    methodNotFound(),
    new Error('x'),
  ]) {
    const { code, status } = wireErrorOf(fault, 'modern', 'r');
    assert.ok(defined.has(code));
    assert.notEqual(status, 500);
  }
});

it('says nothing of what went wrong inside', () => {
  for (const error of [new Error('secret'), new Fault('internal', 'secret'), 'secret']) {
    assert.doesNotMatch(JSON.stringify(wireErrorOf(error, 'legacy', 'r')), /secret/);
  }
});

it('has one answer for whatever is not there', () => {
  const absent = wireErrorOf(new Fault('not_found', 'Not found.'), 'modern', 'r');
  const foreign = wireErrorOf(new Fault('not_found', 'Pack 7 is somebody else’s.'), 'modern', 'r');
  assert.deepEqual(absent, foreign);
});

it('answers an unknown method 404 in the modern era and 200 before it', () => {
  assert.equal(wireErrorOf(methodNotFound(), 'modern', 'r').status, 404);
  assert.equal(wireErrorOf(methodNotFound(), 'legacy', 'r').status, 200);
});

it('names the capabilities a client would have had to declare', () => {
  const { status, code, data } = wireErrorOf(missingCapability({ elicitation: {} }), 'modern', 'r');
  assert.deepEqual([status, code, data], [400, -32021, { requiredCapabilities: { elicitation: {} } }]);
});

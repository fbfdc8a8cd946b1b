import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createResultSeal, resultOf, type Result } from './result.ts';

const seal = createResultSeal(Buffer.alloc(32, 1));
const done: Result = { kind: 'done', account: 'ada@example.com', redirectTo: null, held: [] };

describe('how a link ended', () => {
  it('is read back in the same browser for the same link, and nowhere else', () => {
    const text = seal.write(done, 'token', 'browser');
    assert.deepEqual(seal.read(text, 'token', 'browser'), done);
    assert.equal(seal.read(text, 'other', 'browser'), null);
    assert.equal(seal.read(text, 'token', 'other'), null);
    assert.equal(createResultSeal(Buffer.alloc(32, 2)).read(text, 'token', 'browser'), null);
    assert.equal(seal.read(`x${text}`, 'token', 'browser'), null);
    assert.equal(seal.read(null, 'token', 'browser'), null);
  });

  it('is not written where a browser would drop it', () => {
    const far = { ...done, redirectTo: `https://desk.example/${'x'.repeat(4000)}` };
    assert.equal(seal.write(far, 'token', 'browser'), null);
  });

  it('is cut to what fits, names first', () => {
    const held = Array.from({ length: 50 }, (_, at) => ({
      id: String(at),
      handle: 'h',
      name: 'n'.repeat(255),
    }));
    const result = resultOf({
      kind: 'done',
      account: { id: '1', label: '\u{1f511}'.repeat(300) },
      redirectTo: `https://desk.example/${'x'.repeat(1000)}`,
      held,
    });
    assert.notEqual(seal.write(result, 'token', 'browser'), null);
  });
});

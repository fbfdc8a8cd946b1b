import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { legalNames } from './legal-names.ts';

const legal = /^[a-zA-Z0-9_-]{1,44}$/;
const named = (...paths: string[]): (string | undefined)[] => {
  const names = legalNames(paths);
  return paths.map((path) => names.get(path));
};

describe('legal names', () => {
  it('leave a legal name alone', () =>
    assert.deepEqual(named('get-user_2', 'getUser'), ['get-user_2', 'getUser']));

  it('replace what is not allowed where nothing else is called so', () =>
    assert.deepEqual(named('admin.tools.list', 'наука'), ['admin_tools_list', '_']));

  it('never give a name to two tools, nor take one from its owner', () => {
    const paths = ['a.b', 'a b', 'a_b', 'x'.repeat(44), 'x'.repeat(45), 'x'.repeat(46), '', '.', 'tool'];
    const names = named(...paths);
    assert.equal(new Set(names).size, paths.length);
    assert.equal(names[2], 'a_b');
    assert.equal(names[3], 'x'.repeat(44));
    for (const name of names) assert.match(name!, legal);
  });

  it('do not depend on the order of the list', () => {
    const paths = ['a.b', 'a b', 'a_b', 'c.d', 'a/b'];
    const forward = legalNames(paths);
    const backward = legalNames(paths.toReversed());
    for (const path of paths) assert.equal(forward.get(path), backward.get(path));
  });

  it('give way where a suffixed name is somebody’s own', () => {
    const suffixed = legalNames(['a.b', 'a b']).get('a.b')!;
    const names = legalNames(['a.b', 'a b', suffixed]);
    assert.equal(names.get(suffixed), suffixed);
    assert.notEqual(names.get('a.b'), suffixed);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { maxToolName, nameTools } from './name-tools.ts';

const operation = (operationId: string | null, method = 'GET', path = '/a') => ({
  operationId,
  method,
  path,
});
const namesOf = (...operations: ReturnType<typeof operation>[]) =>
  nameTools(operations).map(({ name }) => name);

test('keeps a legal operation id and makes others legal', () => {
  assert.deepEqual(
    namesOf(
      operation('listPets'),
      operation('repos/list-for_user'),
      operation(null, 'GET', '/pets/{id}/toys'),
    ),
    ['listPets', 'repos_list-for_user', 'get_pets_id_toys'],
  );
});

test('names an operation by method and path where its id has no legal character', () => {
  assert.deepEqual(namesOf(operation('***', 'POST', '/a')), ['post_a']);
  assert.deepEqual(namesOf(operation('説明', 'GET', '/')), ['get']);
});

test('shortens long names stably and tells them apart', () => {
  const long = 'x'.repeat(60);
  const [one, two] = nameTools([operation(`${long}a`), operation(`${long}b`)]);
  assert.equal(one!.name.length, maxToolName);
  assert.notEqual(one!.name, two!.name);
  assert.equal(one!.wasCut, true);
  assert.equal(nameTools([operation(`${long}a`)])[0]!.name, one!.name);
});

test('lets the one whose id needed no change keep its name', () => {
  const names = namesOf(
    operation('a/b', 'GET', '/1'),
    operation('a_b', 'GET', '/2'),
    operation('a b', 'GET', '/3'),
  );
  assert.equal(names[1], 'a_b');
  assert.match(names[0]!, /^a_b_[0-9a-f]{8}$/);
  assert.notEqual(names[0], names[2]);
});

test('gives distinct legal names that do not depend on order', () => {
  const id = fc.option(
    fc.oneof(fc.string({ maxLength: 80 }), fc.constantFrom('a', 'a/b', 'a_b', 'a__b', 'x'.repeat(70))),
    { nil: null },
  );
  const operations = fc.uniqueArray(
    fc.record({ operationId: id, method: fc.constantFrom('GET', 'POST'), path: fc.string({ maxLength: 60 }).map((text) => `/${text}`) }),
    { maxLength: 12, selector: ({ method, path }) => `${method} ${path}` },
  ); // prettier-ignore
  fc.assert(
    fc.property(operations, (list) => {
      const names = nameTools(list).map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of names) assert.match(name, /^[a-zA-Z0-9_-]{1,44}$/);
      const reversed = nameTools(list.toReversed()).map(({ name }) => name);
      assert.deepEqual(reversed.toReversed(), names);
    }),
  );
});

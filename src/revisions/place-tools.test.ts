import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConnectorFile, Definition, Migration } from '../connectors/index.ts';
import {
  carryConfirmation,
  carryRules,
  newTool,
  type Condition,
  type InputRules,
  type Tool,
} from '../tools/index.ts';
import { movesBetween } from './migration-steps.ts';
import { placeTools } from './place-tools.ts';

const now = new Date(0);

const definition = (name: string, fields: readonly string[] = []): Definition => ({
  path: name,
  name,
  title: null,
  description: null,
  inputSchema: {
    type: 'object',
    properties: Object.fromEntries(fields.map((field) => [field, { type: 'string' }])),
  },
  outputSchema: null,
  effect: 'read',
  confirm: false,
  idempotent: true,
  binding: { kind: 'mcp', tool: name },
  quarantine: null,
});

const toolOf = (name: string, fields?: readonly string[]): Tool =>
  newTool(
    { id: `id-of-${name}`, organizationId: 'o', connectionId: 'c', slug: `c__${name}`, position: 0 },
    definition(name, fields),
    now,
  );

const file = (
  version: number,
  tools: readonly Definition[],
  migrations: readonly Migration[] = [],
): ConnectorFile => ({
  slug: 'things',
  version,
  name: 'Things',
  description: '',
  categories: [],
  source_url: null,
  logo_url: null,
  changelog: '',
  kind: 'http',
  base_url: 'https://things.example',
  config: [],
  auth: [{ type: 'none' }],
  egress: [],
  identity: null,
  limits: null,
  tools,
  migrations,
});

/** The tools as they are after a change of version, as far as names go. */
function taken(
  tools: readonly Tool[],
  files: readonly ConnectorFile[],
  from: number,
  to: number,
): readonly Tool[] {
  const target = files.find(({ version }) => version === to)!;
  const { placed } = placeTools(tools, movesBetween(files, from, to), target.tools);
  return placed.map(({ tool, path, name, definition: known }) => ({
    ...tool,
    path,
    name,
    accepted: known ?? tool.accepted,
    vanishedAt: known ? null : now,
  }));
}

const namesOf = (tools: readonly Tool[]) =>
  tools.map(({ id, path, name, vanishedAt }) => [id, path, name, vanishedAt]);
const name = fc.constantFrom<string[]>('a', 'b', 'c', 'd', 'e', 'f', 'constructor', 'toString');

/** Some names, and what each of them becomes: no two the same. */
const renaming = fc
  .tuple(fc.uniqueArray(name, { minLength: 1 }), fc.uniqueArray(name, { minLength: 8 }))
  .map(([old, pool]) => new Map(old.map((one, index) => [one, pool[index]!])));

test('a renaming of tools and its undoing leave every tool where it was, swaps and chains among them', () => {
  fc.assert(
    fc.property(renaming, (renamed) => {
      const step: Migration = { from: 1, to: 2, rename_tools: Object.fromEntries(renamed) };
      const files = [
        file(
          2,
          [...renamed.values()].map((one) => definition(one)),
          [step],
        ),
        file(
          1,
          [...renamed.keys()].map((one) => definition(one)),
        ),
      ];
      const tools = [...renamed.keys()].map((one) => toolOf(one));
      const there = taken(tools, files, 1, 2);
      assert.deepEqual(
        there.map(({ id, name: is }) => [id, is]),
        [...renamed].map(([old, is]) => [`id-of-${old}`, is]),
      );
      assert.deepEqual(namesOf(taken(there, files, 2, 1)), namesOf(tools));
    }),
  );
});

test('a renaming of fields and its undoing leave every rule where it was', () => {
  fc.assert(
    fc.property(renaming, fc.array(name), (renamed, ruled) => {
      const step: Migration = { from: 1, to: 2, rename_inputs: { t: Object.fromEntries(renamed) } };
      const files = [
        file(2, [definition('t', [...renamed.values()])], [step]),
        file(1, [definition('t', [...renamed.keys()])]),
      ];
      const rules: InputRules = Object.fromEntries(
        ruled.filter((one) => renamed.has(one)).map((one) => [one, { mode: 'pinned', value: `of ${one}` }]),
      );
      const over = (from: number, to: number, said: InputRules | null) =>
        carryRules(said, placeTools([toolOf('t')], movesBetween(files, from, to), []).placed[0]!.steps);
      const there = over(1, 2, rules)!;
      assert.deepEqual(
        new Map(Object.entries(there).map(([field, { value }]) => [field, value])),
        new Map(Object.keys(rules).map((field) => [renamed.get(field)!, `of ${field}`])),
      );
      assert.deepEqual(over(2, 1, there), rules);
    }),
  );
});

test('values go forth and back where no two became one, and stay where they did', () => {
  const step: Migration = {
    from: 1,
    to: 2,
    rename_inputs: { t: { p: 'q' } },
    map_values: { t: { q: { low: 1, high: 2, highest: 2, '3': 'three' } } },
  };
  const older = definition('t');
  const files = [
    file(2, [definition('t', ['q'])], [step]),
    file(1, [
      {
        ...older,
        inputSchema: { type: 'object', properties: { p: { enum: ['low', 'high', 'highest', 3] } } },
      },
    ]),
  ];
  const over = (from: number, to: number, said: InputRules) =>
    carryRules(said, placeTools([toolOf('t')], movesBetween(files, from, to), []).placed[0]!.steps);
  assert.deepEqual(
    over(1, 2, { p: { mode: 'default', value: 'low', enum: ['low', 'high', 'highest', 3] } }),
    {
      q: { mode: 'default', value: 1, enum: [1, 2, 'three'] },
    },
  );
  assert.deepEqual(over(2, 1, { q: { mode: 'default', value: 1, enum: [1, 2, 'three'] } }), {
    p: { mode: 'default', value: 'low', enum: ['low', 2, 3] },
  });
  const asks = (from: number, to: number, condition: Condition) =>
    carryConfirmation(
      { all: [condition] },
      placeTools([toolOf('t')], movesBetween(files, from, to), []).placed[0]!.steps,
    );
  assert.deepEqual(asks(1, 2, { path: 'p', op: 'ne', value: 'low' }), {
    all: [{ path: 'q', op: 'ne', value: 1 }],
  });
  assert.equal(asks(1, 2, { path: 'p', op: 'ne', value: 'high' }), true, 'the highest asked too');
  assert.deepEqual(asks(2, 1, { path: 'q', op: 'eq', value: 1 }), {
    all: [{ path: 'p', op: 'eq', value: 'low' }],
  });
  assert.equal(asks(2, 1, { path: 'q', op: 'eq', value: 2 }), true, 'high or highest');
  const sealed: InputRules = { p: { mode: 'pinned', secret: 'low' } };
  assert.deepEqual(over(1, 2, sealed), { q: { mode: 'pinned', secret: 'low' } });
});

test('a tool whose name another one takes gives way with all that was said of it, and comes back with its version', () => {
  const step: Migration = { from: 1, to: 2, rename_tools: { a: 'b' } };
  const files = [file(2, [definition('b')], [step]), file(1, [definition('a'), definition('b')])];
  const tools = [toolOf('a'), toolOf('b')];
  const there = taken(tools, files, 1, 2);
  const [first, second] = there;
  assert.deepEqual([first!.path, first!.name, first!.vanishedAt], ['b', 'b', null]);
  assert.notEqual(second!.name, 'b');
  assert.notEqual(second!.path, 'b');
  assert.ok(second!.vanishedAt);
  assert.deepEqual(namesOf(taken(there, files, 2, 1)), namesOf(tools));
});

test('an author’s own tool keeps its name, and one that would take it gets a suffix', () => {
  const step: Migration = { from: 1, to: 2, rename_tools: { a: 'mine' } };
  const files = [file(2, [definition('mine')], [step]), file(1, [definition('a')])];
  const mine: Tool = { ...toolOf('mine'), path: 'custom mine', source: 'author' };
  const [moved, ...others] = taken([toolOf('a'), mine], files, 1, 2);
  assert.deepEqual(others, []);
  assert.equal(moved!.path, 'mine');
  assert.match(moved!.name, /^mine_[0-9a-f]{6}$/);
});

test('the step into a version is what that version says of it, else the first later one that says anything', () => {
  const says = (from: number, to: string): Migration => ({ from, to: from + 1, rename_tools: { a: to } });
  const files = [
    file(4, [], [says(1, 'late'), says(3, 'x')]),
    file(3, [], [says(2, 'own')]),
    file(2, []),
    file(1, []),
  ];
  const names = (from: number, to: number) =>
    movesBetween(files, from, to).map(({ tools }) => [...tools.entries()].flat().join('>'));
  assert.deepEqual(names(1, 4), ['a>late', 'a>own', 'a>x']);
  assert.deepEqual(names(1, 3), ['a>own']);
  assert.deepEqual(names(4, 2), ['x>a', 'own>a']);
});

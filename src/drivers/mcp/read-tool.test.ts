import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Json } from '../../kernel/index.ts';
import { cleanText } from './clean-text.ts';
import { mirrorArguments, readMirrors } from './mirrored-headers.ts';
import { readTool } from './read-tool.ts';

const schemaOf = (properties: Json) => ({ type: 'object', properties });
const read = (tool: { [key: string]: Json }) => readTool({ name: 't', ...tool }, 't', true);

describe('a listed tool', () => {
  const effects: [Json, string, boolean, boolean][] = [
    [{}, 'write', false, false],
    [{ readOnlyHint: true }, 'read', false, true],
    [{ destructiveHint: true }, 'destructive', true, false],
    [{ destructiveHint: false }, 'write', false, false],
    [{ idempotentHint: true }, 'write', false, true],
    [{ readOnlyHint: 'yes', destructiveHint: 1 }, 'write', false, false],
    [{ readOnlyHint: true, destructiveHint: true }, 'read', true, true],
  ];
  for (const [annotations, effect, confirm, idempotent] of effects) {
    it(`with ${JSON.stringify(annotations)} is a ${effect}`, () => {
      const tool = read({ annotations });
      assert.deepEqual([tool.effect, tool.confirm, tool.idempotent], [effect, confirm, idempotent]);
    });
  }

  it('has its text cleaned of what nobody sees', () => {
    const tool = read({
      title: '\u202eeltit',
      description: 'Says\u200b hello.\u{e0041}\u{e0042}\r\nKeep\tthis.\u0007',
      inputSchema: schemaOf({
        description: { type: 'string', description: 'hid\u2060den', enum: ['kept\u200b'] },
      }),
    });
    assert.equal(tool.title, 'eltit');
    assert.equal(tool.description, 'Says hello.\nKeep\tthis.');
    assert.deepEqual(tool.inputSchema['properties'], {
      description: { type: 'string', description: 'hidden', enum: ['kept\u200b'] },
    });
    assert.equal(cleanText('x'.repeat(5_000))!.length, 4_096);
    assert.equal(cleanText('👩‍💻 emoji')!.includes('emoji'), true);
  });

  it('keeps older schemas usable: tuples and patterns', () => {
    const tool = read({
      inputSchema: {
        $schema: 'http://json-schema.org/draft-07/schema#',
        ...schemaOf({
          pair: { type: 'array', items: [{ type: 'string' }], additionalItems: false },
          p: { pattern: '^[\\w\\-]+$' },
        }),
      },
    });
    assert.equal(tool.quarantine, null);
    assert.deepEqual((tool.inputSchema['properties'] as { pair: Json }).pair, {
      type: 'array',
      prefixItems: [{ type: 'string' }],
      items: false,
    });
  });

  it('leaves out an output schema that is none, and is served all the same', () => {
    const tool = read({ outputSchema: { type: 'objekt' } });
    assert.deepEqual([tool.outputSchema, tool.quarantine], [null, null]);
  });
});

describe('x-mcp-header', () => {
  it('is read from wherever the chain of properties leads', () => {
    const nested = { type: 'object', properties: { 'a/b': { type: 'integer', 'x-mcp-header': 'Deep' } } };
    const mirrors = readMirrors(schemaOf({ region: { type: 'string', 'x-mcp-header': 'Region' }, nested }));
    assert.deepEqual(mirrors, {
      headers: { '/region': 'mcp-param-region', '/nested/a~1b': 'mcp-param-deep' },
    });
    const { headers } = mirrors as { headers: Record<string, string> };
    assert.deepEqual(mirrorArguments(headers, { region: 'eu', nested: { 'a/b': 42 } }), {
      'mcp-param-region': 'eu',
      'mcp-param-deep': '42',
    });
    assert.deepEqual(mirrorArguments(headers, { region: null, nested: 'x' }), {});
  });

  const mark = (name: Json, type = 'string') => ({ type, 'x-mcp-header': name });
  const refused: [string, { [key: string]: Json }][] = [
    ['an empty name', schemaOf({ a: mark('') })],
    ['a name with a space', schemaOf({ a: mark('a b') })],
    ['a split line', schemaOf({ a: mark('a\r\nb') })],
    ['a name that is no text', schemaOf({ a: mark(5) })],
    ['a reserved name', schemaOf({ a: mark('Authorization') })],
    ['a name of the protocol', schemaOf({ a: mark('Mcp-Method') })],
    ['a name twice', schemaOf({ a: mark('X'), b: mark('x') })],
    ['a number', schemaOf({ a: mark('A', 'number') })],
    ['an object', schemaOf({ a: mark('A', 'object') })],
    ['items', schemaOf({ a: { type: 'array', items: mark('A') } })],
    ['anyOf', schemaOf({ a: { anyOf: [mark('A')] } })],
    ['properties inside anyOf', { type: 'object', anyOf: [schemaOf({ a: mark('A') })] }],
    ['definitions', { type: 'object', $defs: { a: mark('A') } }],
    ['the root', { type: 'object', 'x-mcp-header': 'A' }],
  ];
  for (const [what, inputSchema] of refused) {
    it(`puts the tool aside for ${what}`, () =>
      assert.match(read({ inputSchema }).quarantine!, /^x-mcp-header/));
  }

  it('is a name like any other where it is data', () => {
    const tool = read({
      inputSchema: schemaOf({ a: { default: { 'x-mcp-header': '' } }, 'x-mcp-header': {} }),
    });
    assert.equal(tool.quarantine, null);
  });
});

it('texts that held characters nobody sees are flagged, wherever they stood; values are not texts', () => {
  const flagsOf = (more: Record<string, Json>) => readTool({ name: 'find', ...more }, 'find', true).flags;
  const schema = (field: Json): Json => ({ type: 'object', properties: { a: field } });
  assert.deepEqual(flagsOf({ description: 'Fi\u200bnds.' }), ['invisible_characters']);
  assert.deepEqual(flagsOf({ annotations: { title: '\u202eFinds' } }), ['invisible_characters']);
  assert.deepEqual(flagsOf({ inputSchema: schema({ title: 'a\u00ad' }) }), ['invisible_characters']);
  assert.deepEqual(flagsOf({ outputSchema: schema({ description: '\ufeffa' }) }), ['invisible_characters']);
  assert.equal(
    flagsOf({ description: 'Finds.\r\nMore.', inputSchema: schema({ enum: ['a\u200b'] }) }),
    undefined,
  );
});

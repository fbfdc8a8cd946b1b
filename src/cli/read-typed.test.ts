import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenNames, parseChoice, summarizeTools, type Choosable } from './choose-tools.ts';
import { nearest } from './nearest.ts';
import { toolsBySlug } from './pack.ts';
import { parseArguments } from './parse-arguments.ts';
import { isLoopback, readAddress } from './read-address.ts';

test('reads arguments as JSON where they are JSON, and as text elsewhere', () => {
  const pairs = ['n=5', 'ok=true', 'list=["a"]', 'text=a=b', 'quoted="5"', 'empty=', '__proto__=x'];
  const read = parseArguments('{"n":1,"kept":null}', pairs);
  assert.deepEqual(Object.entries(read), [
    ['n', 5], ['kept', null], ['ok', true], ['list', ['a']], ['text', 'a=b'], ['quoted', '5'], ['empty', ''], ['__proto__', 'x'],
  ]); // prettier-ignore
  assert.throws(() => parseArguments('[1]', []), /has to be an object/);
  assert.throws(() => parseArguments('{', []), /not readable/);
  assert.throws(() => parseArguments(undefined, ['=x']), /name=value/);
});

const tools: readonly Choosable[] = [
  { name: 'list_things', effect: 'read', token_cost: 1_000 },
  { name: 'make_thing', effect: 'write', token_cost: 200 },
  { name: 'drop_thing', effect: 'destructive', token_cost: 30 },
];

test('counts tools by what they do', () => {
  assert.equal(summarizeTools(tools), '3 tools: 1 read, 1 write, 1 destructive (1,230 tokens).');
  assert.equal(summarizeTools(tools.slice(0, 1)), '1 tool: 1 read (1,000 tokens).');
});

test('takes all, read, none or names for a choice', () => {
  const chosen = (answer: string): string[] => [...chosenNames(parseChoice(answer, tools), tools)];
  assert.deepEqual(chosen('all'), ['list_things', 'make_thing', 'drop_thing']);
  assert.deepEqual(chosen('read'), ['list_things']);
  assert.deepEqual(chosen('none'), []);
  assert.deepEqual(chosen('make_thing, drop_thing'), ['make_thing', 'drop_thing']);
  assert.throws(() => chosen('make_thing drop_thin'), /“drop_thin” \(did you mean drop_thing\?\)/);
});

test('finds whose tools are meant', () => {
  assert.deepEqual([...toolsBySlug(['a'], ['x', 'a__y'])!], [['a', ['x', 'y']]]);
  assert.deepEqual([...toolsBySlug(['a', 'b'], ['a__x', 'b__y'])!], [['a', ['x']], ['b', ['y']]]); // prettier-ignore
  assert.equal(toolsBySlug(['a'], []), null);
  assert.throws(() => toolsBySlug(['a', 'b'], ['x']), /whose tool/);
  assert.throws(() => toolsBySlug(['a', 'b'], ['a__x']), /no tool of b/);
});

test('knows this machine’s own addresses', () => {
  for (const host of ['localhost', '127.0.0.1', '127.8.0.1', '[::1]', 'api.localhost'])
    assert.ok(isLoopback(host), host);
  for (const host of ['localhost.example', '10.0.0.1', '127.example.com', ''])
    assert.ok(!isLoopback(host), host);
});

test('tells documents from other addresses', () => {
  const read = (word: string) =>
    readAddress(word, '/', undefined) as { looksLikeDocument: boolean; nickname: string };
  assert.equal(read('http://localhost:3000/openapi.json').looksLikeDocument, true);
  assert.equal(read('https://api.acme.example/swagger/v1').looksLikeDocument, true);
  assert.equal(read('https://mcp.acme.example/mcp').looksLikeDocument, false);
  assert.equal(read('https://mcp.acme.example/mcp').nickname, 'acme');
  assert.equal(read('http://localhost:3000/openapi.json').nickname, 'my api');
  assert.throws(() => read('nothing-here.yaml'), /neither an http address nor a file/);
});

test('suggests a word only where it is near', () => {
  assert.equal(nearest('cleint', ['client', 'call']), 'client');
  assert.equal(nearest('pakc', ['pack']), 'pack');
  assert.equal(nearest('frobnicate', ['pack', 'call']), null);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readChallenge } from './read-challenge.ts';
import { scopesToAsk } from './scopes-to-ask.ts';

test('reads the Bearer challenge wherever it stands', () => {
  const address = 'https://mcp.example.com/.well-known/oauth-protected-resource';
  const wanted = { error: null, scopes: ['files:read', 'a'], resourceMetadata: address };
  const bearer = `Bearer resource_metadata="${address}", scope="files:read a"`;
  assert.deepEqual(readChallenge(bearer), wanted);
  assert.deepEqual(readChallenge(`Basic realm="x, Bearer scope=\\"no\\"", ${bearer}`), wanted);
  assert.deepEqual(readChallenge(['Negotiate', `DPoP algs="ES256"`, bearer]), wanted);
  assert.deepEqual(readChallenge(`Negotiate YWJj==, ${bearer}, Digest realm="y"`), wanted);
  assert.deepEqual(readChallenge(`bearer\tresource_metadata = "${address}" ,scope= "files:read a"`), wanted);
  assert.deepEqual(readChallenge('Bearer'), { error: null, scopes: [], resourceMetadata: null });
  assert.equal(readChallenge('Basic realm="Bearer"'), null);
  assert.equal(readChallenge(undefined), null);
  assert.equal(readChallenge(`Bearer scope="${'a '.repeat(10_000)}"`), null);
});

test('takes the first of two values, each scope once, and no text that is no scope', () => {
  const challenge = readChallenge('Bearer error="insufficient_scope", scope="a b a  c\u00e9", scope="d"');
  assert.deepEqual(challenge, { error: 'insufficient_scope', scopes: ['a', 'b'], resourceMetadata: null });
});

test('asks for what was held and what is missing, three times and up to fifty scopes', () => {
  const missing = (...scopes: string[]) => ({ error: 'insufficient_scope', scopes, resourceMetadata: null });
  assert.deepEqual(scopesToAsk(['a', 'b'], missing('b', 'c'), 0), ['a', 'b', 'c']);
  assert.deepEqual(scopesToAsk([], missing('c'), 2), ['c']);
  assert.equal(scopesToAsk(['a'], missing('c'), 3), null);
  assert.equal(scopesToAsk(['a'], missing('a'), 0), null);
  assert.equal(scopesToAsk(['a'], missing(), 0), null);
  assert.equal(scopesToAsk(['a'], { ...missing('c'), error: 'invalid_token' }, 0), null);
  const many = Array.from({ length: 50 }, (_, index) => `s${index}`);
  assert.equal(scopesToAsk(['a'], missing(...many), 0), null);
  assert.equal(scopesToAsk([], missing(...many), 0)?.length, 50);
});

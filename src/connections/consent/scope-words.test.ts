import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthMethod } from '../../connectors/index.ts';
import { meaningOf, scopeWords } from './scope-words.ts';

const mcp: AuthMethod = { type: 'mcp_oauth' };

test('a scope is told in plain words, the connector’s own first', () => {
  const words: [string, string][] = [
    ['offline_access', 'Stay connected while you are away'],
    ['channels:read', 'Read channels'],
    ['channels:history', 'Read the history of channels'],
    ['users:read.email', 'Read users email'],
    ['https://www.googleapis.com/auth/drive.readonly', 'Read drive'],
    ['repo', 'Use repo'],
    ['tools:write', 'Change tools'],
    ['constructor', 'Use constructor'],
  ];
  for (const [scope, meaning] of words) assert.equal(meaningOf(scope, mcp), meaning);
  const method = { type: 'oauth2', scope_meanings: { repo: 'Read and change all repositories' } };
  assert.equal(meaningOf('repo', method as unknown as AuthMethod), 'Read and change all repositories');
});

test('an MCP server’s own scopes are shown where nobody has wished for others', () => {
  const scopes = (method: AuthMethod) => scopeWords(method, ['read']).map(({ scope }) => scope);
  assert.deepEqual(scopes(mcp), ['read']);
  assert.deepEqual(scopes({ ...mcp, scopes: ['write'] }), ['write']);
  assert.deepEqual(scopes({ type: 'bearer' }), []);
});

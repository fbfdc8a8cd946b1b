import assert from 'node:assert/strict';
import { it } from 'node:test';
import { newId, prefixed } from '../../kernel/index.ts';
import { isMcpPath, readAddress } from './address.ts';
import { resourceMetadata } from './resource-metadata.ts';

const none = new URLSearchParams();
const user: string = newId();

it('owns the shapes of address, with and without a slash, and nothing near them', () => {
  const owned = [
    '/mcp/desk',
    '/mcp/desk/',
    '/mcp/agents/support',
    `/api/v1/tool-packs/p/registered-users/${user}/mcp/`,
  ];
  const others = [
    '/mcp',
    '/mcp/',
    '/mcp/a/b',
    '/MCP/desk',
    '/mcp//',
    '/api/v1/tool-packs/p/registered-users/u/mcp/x',
  ];
  for (const path of owned) assert.ok(isMcpPath(path), path);
  for (const path of others) assert.ok(!isMcpPath(path), path);
});

it('knows an agent’s address from a pack’s, however either is spelt', () => {
  assert.deepEqual(readAddress('/mcp/agents/Support/', none), { agent: 'Support', userId: null });
  assert.deepEqual(readAddress('/mcp/agents%2Fsupport', none), { pack: 'agents/support', userId: null });
});

it('decodes a segment once', () => {
  assert.deepEqual(readAddress('/mcp/a%2520b', none), { pack: 'a%20b', userId: null });
});

it('takes a user’s id in either form', () => {
  for (const form of [user, prefixed('user', user)]) {
    assert.equal(readAddress(`/api/v1/tool-packs/p/registered-users/${form}/mcp`, none).userId, user);
  }
});

it('hides what has no credential when asked to, and refuses a word that is no boolean', () => {
  const wish = (value: string) => readAddress('/mcp/p', new URLSearchParams({ authenticated_only: value }));
  assert.equal(wish('true').authenticatedOnly, true);
  assert.equal(wish('off').authenticatedOnly, undefined);
  assert.throws(() => wish('maybe'), /authenticated_only/);
});

it('describes the installation and each address as protected resources', () => {
  const root = '/.well-known/oauth-protected-resource';
  const of = (path: string) => resourceMetadata('https://crib.example/', path)?.resource;
  assert.equal(of(root), 'https://crib.example');
  assert.equal(of(`${root}/mcp/desk`), 'https://crib.example/mcp/desk');
  assert.equal(of(`${root}/mcp/de"sk/`), 'https://crib.example/mcp/de%22sk');
  assert.equal(of(`${root}/elsewhere`), undefined);
  assert.equal(of('/other'), undefined);
  assert.deepEqual(resourceMetadata('https://crib.example', root), {
    resource: 'https://crib.example',
    bearer_methods_supported: ['header'],
  });
});

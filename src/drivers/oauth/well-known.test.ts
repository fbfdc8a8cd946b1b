import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSafeAddress } from './safe-address.ts';
import {
  canonicalResource,
  resourceMetadataAddresses,
  serverMetadataAddresses,
  speaksFor,
} from './well-known.ts';

test('looks for a resource by its path first, then at the root', () => {
  assert.deepEqual(resourceMetadataAddresses('https://example.com/public/mcp'), [
    'https://example.com/.well-known/oauth-protected-resource/public/mcp',
    'https://example.com/.well-known/oauth-protected-resource',
  ]);
  assert.deepEqual(resourceMetadataAddresses('https://example.com/'), [
    'https://example.com/.well-known/oauth-protected-resource',
  ]);
});

test('looks for a server in every form of the specification, in its order', () => {
  assert.deepEqual(serverMetadataAddresses('https://auth.example.com/tenant1'), [
    'https://auth.example.com/.well-known/oauth-authorization-server/tenant1',
    'https://auth.example.com/.well-known/openid-configuration/tenant1',
    'https://auth.example.com/tenant1/.well-known/openid-configuration',
  ]);
  assert.deepEqual(serverMetadataAddresses('https://auth.example.com'), [
    'https://auth.example.com/.well-known/oauth-authorization-server',
    'https://auth.example.com/.well-known/openid-configuration',
  ]);
});

test('takes metadata for the same address or one above it, and for no other', () => {
  const server = 'https://mcp.example.com/team/mcp';
  for (const good of ['https://mcp.example.com', 'https://mcp.example.com/team/', server, `${server}/`]) {
    assert.equal(speaksFor(good, server), true, good);
  }
  for (const bad of [
    'https://mcp.example.com/tea',
    'https://mcp.example.com/team/mcp/more',
    'https://other.example.com/team/mcp',
    'http://mcp.example.com/team/mcp',
    'https://mcp.example.com:8443/team/mcp',
    'https://user@mcp.example.com/team/mcp',
    'https://mcp.example.com/team/mcp#x',
    'https://mcp.example.com/team/mcp?tenant=1',
    'mcp.example.com',
  ]) {
    assert.equal(speaksFor(bad, server), false, bad);
  }
  assert.equal(canonicalResource('https://MCP.example.com/'), 'https://mcp.example.com');
  assert.equal(canonicalResource('https://mcp.example.com/mcp?a=1#b'), 'https://mcp.example.com/mcp?a=1');
});

test('sends tokens over https, and in the open only to what is not on the internet', () => {
  for (const good of [
    'https://auth.example.com/token',
    'http://127.0.0.1:3000/token',
    'http://localhost/token',
    'http://[::1]/token',
    'http://10.1.2.3/token',
    'http://keycloak:8080/token',
    'http://auth.internal/token',
  ]) {
    assert.equal(isSafeAddress(good), true, good);
  }
  for (const bad of [
    'http://auth.example.com/token',
    'http://8.8.8.8/token',
    'http://example.com./token',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'https://user:pass@auth.example.com/token',
    'auth.example.com',
  ]) {
    assert.equal(isSafeAddress(bad), false, bad);
  }
});

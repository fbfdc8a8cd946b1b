import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OAuthGrant } from '../../drivers/index.ts';
import { serverOf } from '../../drivers/index.ts';
import { standsAlone } from './let-go.ts';
import { needsYes } from '../consent/place-account.ts';

const server = serverOf({
  type: 'oauth2',
  authorization_url: 'https://service.example/authorize',
  token_url: 'https://service.example/token',
  scopes: [],
  pkce: true,
  client_auth: 'none',
  rotation: true,
  margin_seconds: 60,
});
const grantAs = (clientId: string, more: Partial<OAuthGrant> = {}): OAuthGrant => ({
  grant: 'authorization_code',
  server,
  client: { clientId, auth: 'none', secretId: null },
  ...more,
});
const ours = grantAs('ours');
const account = (id: string) => ({ id, label: id });

test('tokens that may be tied to another credential’s are not revoked', () => {
  const same = { identity: account('ada'), oauth: ours };
  assert.equal(standsAlone(ours, account('ada'), []), true);
  assert.equal(standsAlone(ours, account('ada'), [same]), false);
  assert.equal(standsAlone(ours, account('grace'), [same]), true);
  assert.equal(standsAlone(ours, null, [same]), false);
  assert.equal(standsAlone(ours, account('grace'), [{ identity: null, oauth: ours }]), false);
});

test('other apps, other services, keys by hand and a client’s own tokens are not in the way', () => {
  const elsewhere = { ...server, tokenUrl: 'https://other.example/token' };
  const others = [
    { identity: account('ada'), oauth: grantAs('theirs') },
    { identity: account('ada'), oauth: grantAs('ours', { server: elsewhere }) },
    { identity: account('ada'), oauth: null },
    { identity: null, oauth: grantAs('ours', { grant: 'client_credentials' }) },
  ];
  assert.equal(standsAlone(ours, account('ada'), others), true);
});

test('a server that gives tokens for one resource ends one grant', () => {
  const resource = grantAs('ours', { server: { ...server, resource: 'https://mcp.example/mcp' } });
  assert.equal(standsAlone(resource, null, [{ identity: null, oauth: resource }]), true);
});

test('a yes is needed for the first account that can be named and for another one than before', () => {
  assert.equal(needsYes(account('ada'), null), true);
  assert.equal(needsYes(null, null), false);
  assert.equal(needsYes(account('ada'), account('ada')), false);
  assert.equal(needsYes(account('grace'), account('ada')), true);
  assert.equal(needsYes(null, account('ada')), true);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Connection } from '../connections/index.ts';
import { newId } from '../kernel/index.ts';
import type { AuthScope } from '../packs/index.ts';
import type { Credential, Owner } from '../vault/index.ts';
import { authorityFor, type ActingUser } from './authority.ts';

const organizationId: string = newId();
const connection = {
  id: newId() as string,
  organizationId,
  kind: 'openapi',
  auth: { type: 'bearer' },
} as Connection;
const ada = { id: newId() as string, companyId: newId() as string };

const owners: Record<AuthScope, Owner> = {
  INDIVIDUAL: { type: 'user', id: ada.id },
  SHARED: { type: 'company', id: ada.companyId },
  ORGANIZATION: { type: 'organization', id: organizationId },
};

const credentialOf = (owner: Owner, more: Partial<Credential> = {}): Credential => ({
  id: newId(),
  connectionId: connection.id,
  owner,
  origin: 'https://mail.test',
  method: { type: 'bearer' },
  fields: ['token'],
  createdAt: new Date(),
  version: 1,
  status: 'connected',
  statusReason: null,
  expiresAt: null,
  refreshDueAt: null,
  scopes: null,
  identity: null,
  oauth: null,
  failures: 0,
  retryAt: null,
  refreshedAt: null,
  wantedScopes: null,
  stepUps: 0,
  refs: {},
  ...more,
});

const refreshable = { fields: ['access_token', 'refresh_token'], oauth: { grant: 'authorization_code' } };

/** What calls run as, or why they do not and whose account would mend it. */
function outcome(
  scope: AuthScope,
  user: ActingUser,
  credentials: readonly Credential[],
  at = connection,
): unknown {
  const authority = authorityFor(at, scope, user, credentials);
  if (authority?.kind !== 'missing') return authority && authority.ranAs;
  const { reason, hasLapsed, consent } = authority;
  return [reason, hasLapsed ? 'lapsed' : 'never given', consent?.owner.type ?? 'no link'];
}

const scopes = ['INDIVIDUAL', 'SHARED', 'ORGANIZATION'] as const;
const askedFor = { INDIVIDUAL: 'user', SHARED: 'company', ORGANIZATION: 'no link' };
const runAs = {
  INDIVIDUAL: `user:${ada.id}`,
  SHARED: `company:${ada.companyId}`,
  ORGANIZATION: 'organization',
};

for (const scope of scopes) {
  test(`${scope}: runs as its owner, never as another, whatever else there is`, () => {
    const others = scopes.filter((other) => other !== scope).map((other) => credentialOf(owners[other]));
    const never = ['reauth_required', 'never given', askedFor[scope]];
    assert.deepEqual(outcome(scope, ada, others), never);
    const elsewhere = credentialOf(owners[scope], { connectionId: newId() });
    const foreign = credentialOf({ ...owners[scope], id: newId() });
    assert.deepEqual(outcome(scope, ada, [...others, elsewhere, foreign]), never);
    assert.equal(outcome(scope, ada, [...others, credentialOf(owners[scope])]), runAs[scope]);
  });

  test(`${scope}: a credential that the service refused is missing, and one that ran out with nothing to refresh it`, () => {
    const missing = ['reauth_required', 'lapsed', askedFor[scope]];
    assert.deepEqual(outcome(scope, ada, [credentialOf(owners[scope], { status: 'auth_failed' })]), missing);
    assert.deepEqual(
      outcome(scope, ada, [credentialOf(owners[scope], { status: 'token_expired' })]),
      missing,
    );
    const refusedForGood = credentialOf(owners[scope], { status: 'auth_failed', ...refreshable });
    assert.deepEqual(outcome(scope, ada, [refusedForGood]), missing);
  });

  test(`${scope}: one that ran out and can be refreshed is tried`, () => {
    const expired = credentialOf(owners[scope], { status: 'token_expired', ...refreshable });
    assert.equal(outcome(scope, ada, [expired]), runAs[scope]);
  });
}

test('SHARED without a company has no owner and no link', () => {
  const alone = { id: ada.id, companyId: null };
  const everything = scopes.map((scope) => credentialOf(owners[scope]));
  assert.deepEqual(outcome('SHARED', alone, everything), [
    'invalid_company_for_shared_scope',
    'never given',
    'no link',
  ]);
});

test('without a user only ORGANIZATION is served', () => {
  const everything = scopes.map((scope) => credentialOf(owners[scope]));
  assert.equal(outcome('INDIVIDUAL', null, everything), null);
  assert.equal(outcome('SHARED', null, everything), null);
  assert.equal(outcome('ORGANIZATION', null, everything), 'organization');
});

test('a connection without authentication runs as nobody in every scope', () => {
  const open = { ...connection, auth: { type: 'none' } } as Connection;
  for (const scope of scopes) assert.equal(outcome(scope, null, [], open), 'none');
});

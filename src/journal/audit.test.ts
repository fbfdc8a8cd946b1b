import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditHash, chainStart, type AuditRow } from './audit.ts';

const row: AuditRow = {
  id: 'c56a4180-65aa-82ec-8945-5fd21dec0538',
  organizationId: '11111111-1111-8111-8111-111111111111',
  seq: '7',
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
  actor: { type: 'key', id: 'k' },
  action: 'pack.created',
  target: { type: 'pack', id: 'p' },
  outcome: 'allowed',
  reason: null,
  requestId: 'req_1',
  changes: { name: 'a', deep: { b: 1, a: [2, { d: 1, c: 2 }] } },
};

test('the order of keys is no part of what a row says', () => {
  const turned = { ...row, changes: { deep: { a: [2, { c: 2, d: 1 }], b: 1 }, name: 'a' } };
  assert.deepEqual(auditHash(chainStart, turned), auditHash(chainStart, row));
});

test('everything a row says is in its hash, and so is the row before', () => {
  const others: Partial<AuditRow>[] = [
    { id: 'c56a4180-65aa-82ec-8945-5fd21dec0539' },
    { organizationId: '11111111-1111-8111-8111-111111111112' },
    { seq: '8' },
    { createdAt: new Date('2026-01-02T03:04:05.679Z') },
    { actor: { type: 'key', id: null } },
    { actor: { type: 'agent', id: 'k' } },
    { action: 'pack.deleted' },
    { target: { type: 'pack', id: 'q' } },
    { outcome: 'denied' },
    { reason: '' },
    { requestId: null },
    { changes: null },
    { changes: { name: 'a', deep: { b: 1, a: [2, { d: 1, c: '2' }] } } },
  ];
  const hash = auditHash(chainStart, row);
  assert.equal(hash.length, 32);
  const seen = new Set([hash.toString('hex'), auditHash(hash, row).toString('hex')]);
  for (const other of others) seen.add(auditHash(chainStart, { ...row, ...other }).toString('hex'));
  assert.equal(seen.size, others.length + 2);
});

test('a row has the same hash when it comes back from the database as JSON', () => {
  const changes = { left: undefined, odd: [undefined, 0, -0, 1e21, 5e-324, 'ü\u2028', '😀'], 'ß"\\': null };
  const back = JSON.parse(JSON.stringify(changes)) as Record<string, unknown>;
  assert.deepEqual(
    auditHash(chainStart, { ...row, changes: back }),
    auditHash(chainStart, { ...row, changes }),
  );
});

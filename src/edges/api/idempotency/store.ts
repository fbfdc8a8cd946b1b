import { sql } from 'kysely';
import type { Tx } from '../../../kernel/index.ts';

export type Claim = { organizationId: string; keyId: string; idempotencyKey: string };

export type Kept = {
  request_hash: Buffer;
  status: number | null;
  content_type: string | null;
  response: Buffer | null;
  key_version: number | null;
};

/** Takes the key for one execution; false when it is taken. A row older than `expired` counts as gone. */
export async function claim(
  tx: Tx,
  { organizationId, keyId, idempotencyKey }: Claim,
  hash: Buffer,
  now: Date,
  expired: Date,
): Promise<boolean> {
  const { rows } = await sql`
    insert into idempotency as kept (organization_id, key_id, idempotency_key, request_hash, created_at)
    values (${organizationId}, ${keyId}, ${idempotencyKey}, ${hash}, ${now})
    on conflict (organization_id, key_id, idempotency_key) do update set request_hash = excluded.request_hash,
      status = null, content_type = null, response = null, key_version = null, created_at = excluded.created_at
    where kept.created_at < ${expired}
    returning 1`.execute(tx.kysely);
  return rows.length > 0;
}

export async function findKept(
  tx: Tx,
  { organizationId, keyId, idempotencyKey }: Claim,
): Promise<Kept | undefined> {
  const { rows } = await sql<Kept>`
    select request_hash, status, content_type, response, key_version from idempotency
    where organization_id = ${organizationId} and key_id = ${keyId}
      and idempotency_key = ${idempotencyKey}`.execute(tx.kysely);
  return rows[0];
}

export async function keep(
  tx: Tx,
  { organizationId, keyId, idempotencyKey }: Claim,
  response: { status: number; contentType: string | null; sealed: Buffer; keyVersion: number },
): Promise<void> {
  await sql`
    update idempotency set status = ${response.status}, content_type = ${response.contentType},
      response = ${response.sealed}, key_version = ${response.keyVersion}
    where organization_id = ${organizationId} and key_id = ${keyId}
      and idempotency_key = ${idempotencyKey}`.execute(tx.kysely);
}

export async function release(tx: Tx, { organizationId, keyId, idempotencyKey }: Claim): Promise<void> {
  await sql`
    delete from idempotency where organization_id = ${organizationId} and key_id = ${keyId}
      and idempotency_key = ${idempotencyKey} and status is null`.execute(tx.kysely);
}

/** Forgets what is older than `expired`, in every organization; needs a system transaction. */
export async function forgetExpired(tx: Tx, expired: Date): Promise<void> {
  await sql`delete from idempotency where created_at < ${expired}`.execute(tx.kysely);
}

/** Which of these versions of the organization's key kept responses are sealed with. */
export async function keyVersionsOfResponses(
  tx: Tx,
  organizationId: string,
  versions: readonly number[],
): Promise<readonly number[]> {
  const { rows } = await sql<{ version: number }>`
    select distinct key_version as version from idempotency
    where organization_id = ${organizationId} and key_version = any(${[...versions]}::int[])`.execute(
    tx.kysely,
  );
  return rows.map(({ version }) => version);
}

import { randomBytes } from 'node:crypto';
import type { Egress } from '../egress/index.ts';
import { Fault, newId, type Clock, type Database } from '../kernel/index.ts';
import { awsKmsWrapper } from './aws-kms.ts';
import { masterKeyContext, organizationKeyContext } from './contexts.ts';
import { findMasterKey, insertMasterKey, keyOfEachMaster } from './keys-store.ts';
import { masterKeysOf, wrapperOf, type KeyWrapper, type MasterKeys } from './master-key.ts';
import type { MasterKeySource } from './master-key-source.ts';
import { vaultTransitWrapper } from './vault-transit.ts';

type Deps = {
  database: Database;
  clock: Clock;
  /** Sockets to the key service the operator named, and to nothing else; made only where there is one. */
  openEgress: (origin: string) => Egress;
};

/** Where a key service is, or null for a key that is there. */
export function keyServiceOrigin(source: MasterKeySource): string | null {
  if (source.kind === 'key') return null;
  return source.kind === 'aws-kms' ? source.endpoint.origin : source.origin;
}

/**
 * Has the master keys at start. A key service wraps a master key of ours, which is had from it once and lives in memory
 * as one from the environment does: so sealing needs no request in a transaction, and a key service that is away stops
 * no replica that runs. Fault `invalid` or `unavailable`, in one sentence.
 */
export async function openMasterKeys(
  deps: Deps,
  sources: { current: MasterKeySource; previous: MasterKeySource | null },
): Promise<MasterKeys> {
  const previous = sources.previous && (await openMasterKey(deps, sources.previous, false));
  const isFirst = (await deps.database.transaction('system', keyOfEachMaster)).length === 0;
  const current = await openMasterKey(deps, sources.current, isFirst || previous !== null);
  if (!current) throw wrongKey();
  return masterKeysOf(current.wrapper, previous?.wrapper ?? null, current.wrappedBy);
}

/** Null where a key service has wrapped no master key of this database, and none may be made. */
async function openMasterKey(
  deps: Deps,
  source: MasterKeySource,
  mayMake: boolean,
): Promise<{ wrapper: KeyWrapper; wrappedBy: string | null } | null> {
  if (source.kind === 'key') return { wrapper: wrapperOf(source.key), wrappedBy: null };
  const egress = deps.openEgress(keyServiceOrigin(source)!);
  try {
    const service =
      source.kind === 'aws-kms'
        ? awsKmsWrapper(source, { ...deps, egress })
        : vaultTransitWrapper(source, { egress });
    const find = () => deps.database.transaction('system', (tx) => findMasterKey(tx, service.id));
    let row = await find();
    if (!row && mayMake) {
      await makeMasterKey(deps, service);
      row = await find();
    }
    if (!row) return null;
    const key = await service.unwrap(row.wrapped, masterKeyContext(row.master_key_id));
    if (key.length !== 32) throw wrongKey();
    return { wrapper: wrapperOf(key), wrappedBy: service.id };
  } finally {
    await egress.close();
  }
}

async function makeMasterKey({ database, clock }: Deps, service: KeyWrapper): Promise<void> {
  const masterKeyId = newId<'masterKey'>();
  const wrapped = await service.wrap(randomBytes(32), masterKeyContext(masterKeyId));
  const row = {
    master_key_id: masterKeyId,
    wrapped_by: service.id,
    wrapped,
    created_at: clock.now(),
  };
  await database.transaction('system', (tx) => insertMasterKey(tx, row));
}

const wrongKey = (): Fault =>
  new Fault('invalid', 'TOOLCRIB_MASTER_KEY is not the key this database was sealed with.');

/**
 * Proves that the master keys open what is stored, at start and whenever readiness is asked for; Fault `invalid` in one
 * sentence when they do not. A replica that was left with the old key during a rotation is told so here.
 */
export async function assertMasterKeys(database: Database, keys: MasterKeys): Promise<void> {
  const rows = await database.transaction('system', keyOfEachMaster);
  let opened = 0;
  for (const row of rows) {
    const context = organizationKeyContext(row.organization_id, row.version);
    opened += await keys.unwrap(row.wrapped, context).then(
      () => 1,
      () => 0,
    );
  }
  if (opened === rows.length) return;
  if (opened === 0) throw wrongKey();
  throw new Fault(
    'invalid',
    'TOOLCRIB_MASTER_KEY does not open every organization’s key: during a rotation set the new master key there and the old one as TOOLCRIB_MASTER_KEY_PREVIOUS.',
  );
}

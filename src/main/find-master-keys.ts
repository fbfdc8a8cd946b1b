import { join } from 'node:path';
import { createEgress } from '../egress/index.ts';
import type { Clock, Database } from '../kernel/index.ts';
import { assertMasterKeys, masterKeyFromFile, openMasterKeys, type MasterKeys } from '../vault/index.ts';
import type { Config } from './read-config.ts';

/** The master keys the environment names, or the one in the data directory; proven on what is stored. */
export async function findMasterKeys(
  config: Config,
  deps: { database: Database; clock: Clock },
): Promise<MasterKeys> {
  const current = config.masterKey ?? {
    kind: 'key' as const,
    key: masterKeyFromFile(join(config.dataDir, 'master.key')),
  };
  // The operator named the key service in the environment: its host and port are admitted, and nothing else.
  const openEgress = (origin: string) =>
    createEgress({ allow: [hostAndPort(new URL(origin))], ownPort: null });
  const keys = await openMasterKeys({ ...deps, openEgress }, { current, previous: config.previousMasterKey });
  await assertMasterKeys(deps.database, keys);
  return keys;
}

const hostAndPort = ({ hostname, port, protocol }: URL): string =>
  `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;

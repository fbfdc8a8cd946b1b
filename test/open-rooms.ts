import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Principal } from '../src/access/index.ts';
import type { ConnectionsCtx } from '../src/connections/index.ts';
import type { Clock } from '../src/kernel/index.ts';
import { openCrib, type Crib } from '../src/main/open-crib.ts';
import { readConfig } from '../src/main/read-config.ts';
import { createThrowAway } from './processes.ts';

export type Rooms = {
  crib: Crib;
  operator: Principal;
  /** What commands need, for one principal; the operator unless said. */
  as(principal?: Principal): ConnectionsCtx;
  /** The principal behind a key's text. */
  enter(key: string): Promise<Principal>;
  close(): Promise<void>;
};

/** The product below its edges, on a database of its own (embedded, or TEST_DATABASE_URL's server): for tests of what rooms do to each other. */
export async function openRooms(
  environment: Readonly<Record<string, string>> = {},
  options: { clock?: Clock } = {},
): Promise<Rooms> {
  const dataDir = mkdtempSync(join(tmpdir(), 'toolcrib-rooms-'));
  const database = process.env['TEST_DATABASE_URL'] ? await createThrowAway() : null;
  const config = readConfig({
    TOOLCRIB_DATA_DIR: dataDir,
    TOOLCRIB_SAMPLE: 'off',
    LOG_LEVEL: 'silent',
    TOOLCRIB_MASTER_KEY: randomBytes(32).toString('base64'),
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...environment,
  });
  const crib = await openCrib(config, { inMemory: true, ...options });
  const { operator } = crib.founded;
  return {
    crib,
    operator,
    as: (principal = operator) => crib.ctxFor({ principal, requestId: 'req_test' }),
    enter: (key) => crib.authenticator.authenticate({ authorization: [`Bearer ${key}`], apiKey: [] }),
    async close() {
      await crib.close();
      await database?.outside(`drop database ${database.name} with (force)`);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

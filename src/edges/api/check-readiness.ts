import { appliedMigrations, Fault, migrationNames } from '../../kernel/index.ts';
import type { ApiDeps } from './deps.ts';
import { pingDatabase } from './watch-database.ts';

export type Readiness = {
  ready: boolean;
  /** `ok`, or what is wrong. */
  checks: Record<'database' | 'migrations' | 'master_key' | 'serving', string>;
};

/** Whether requests should come here: database, migrations, master key, and not stopping. */
export async function checkReadiness(
  deps: Pick<ApiDeps, 'database' | 'migrations' | 'checkMasterKey' | 'stopping'>,
): Promise<Readiness> {
  const checks: Readiness['checks'] = { database: 'ok', migrations: 'ok', master_key: 'ok', serving: 'ok' };
  if (deps.stopping.aborted) checks.serving = 'stopping';
  try {
    await pingDatabase(deps.database);
  } catch {
    checks.database = 'not reachable';
    checks.migrations = 'unknown';
    checks.master_key = 'unknown';
    return { ready: false, checks };
  }
  const missing = await missingMigrations(deps);
  if (missing.length > 0) checks.migrations = `missing ${missing.join(', ')}`;
  await deps.checkMasterKey().catch((error: unknown) => {
    // The vault's own sentence says what to do, such as on a replica that a rotation has left behind.
    const what = error instanceof Fault && error.kind === 'invalid' ? `: ${error.message}` : '';
    checks.master_key = `does not open what is stored${what}`;
  });
  return { ready: Object.values(checks).every((state) => state === 'ok'), checks };
}

async function missingMigrations(deps: Pick<ApiDeps, 'database' | 'migrations'>): Promise<readonly string[]> {
  const wanted = migrationNames(deps.migrations);
  try {
    const applied = new Set(await deps.database.transaction('system', appliedMigrations));
    return wanted.filter((name) => !applied.has(name));
  } catch {
    return wanted;
  }
}

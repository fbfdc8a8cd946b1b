import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';

/** Forward-only SQL files, applied in the order of their names, each in a transaction of its own. */
export async function migrate(kysely: Kysely<unknown>, directory: string): Promise<readonly string[]> {
  const migrator = new Migrator({
    db: kysely,
    provider: {
      getMigrations: async () => {
        const migrations: Record<string, Migration> = {};
        for (const name of migrationNames(directory)) {
          const text = readFileSync(join(directory, name), 'utf8');
          migrations[name] = { up: async (db) => void (await sql.raw(text).execute(db)) };
        }
        return migrations;
      },
    },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).map((result) => result.migrationName);
}

/** The migrations a folder holds, in the order they are applied. */
export function migrationNames(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
}

/** The migrations this database has. */
export async function appliedMigrations(tx: { kysely: Kysely<unknown> }): Promise<readonly string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(tx.kysely);
  return rows.map((row) => row.name);
}

/** Names the state of the schema: a template of the embedded database is good for exactly one. */
export function migrationsHash(directory: string): string {
  const hash = createHash('sha256');
  for (const name of migrationNames(directory)) hash.update(name).update(readFileSync(join(directory, name)));
  return hash.digest('hex').slice(0, 16);
}

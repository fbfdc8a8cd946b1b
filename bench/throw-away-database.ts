import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database of its own on the server at `url`, dropped at the end. */
export async function createThrowAway(url: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `toolcrib_bench_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  await run(`create database ${name}`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => run(`drop database if exists ${name} with (force)`) };
}

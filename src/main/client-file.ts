import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { change, insertAdminKey, newKeyText } from '../access/index.ts';
import { Fault } from '../kernel/index.ts';
import type { Crib } from './open-crib.ts';
import type { Config } from './read-config.ts';

/** What the command line on this machine reads to find the running server. */
export type ClientFile = { url: string; admin_key: string };

export const clientFileOf = (dataDir: string): string => join(dataDir, 'client.json');

/**
 * Keeps the file by which the command line on the same machine reaches the server: an admin key of its own,
 * mode 0600, beside the master key that lies there under the same protection. Only with the embedded database.
 */
export async function keepClientFile(crib: Crib): Promise<void> {
  const kept = readKey(clientFileOf(crib.config.dataDir));
  const works = kept !== null && (await isAccepted(crib, kept));
  writeClientFile(crib.config, works ? kept : await newLocalKey(crib));
}

export function writeClientFile(config: Config, adminKey: string): void {
  const file = clientFileOf(config.dataDir);
  const content: ClientFile = { url: config.publicUrl.origin, admin_key: adminKey };
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

async function isAccepted(crib: Crib, key: string): Promise<boolean> {
  try {
    const principal = await crib.authenticator.authenticate({ authorization: [], apiKey: [key] });
    return principal.isOperator;
  } catch (error) {
    if (error instanceof Fault && error.kind === 'unauthenticated') return false;
    throw error;
  }
}

function readKey(file: string): string | null {
  if (!existsSync(file)) return null;
  try {
    const { admin_key: key } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ClientFile>;
    return typeof key === 'string' && key !== '' ? key : null;
  } catch {
    return null;
  }
}

async function newLocalKey(crib: Crib): Promise<string> {
  const text = newKeyText('admin');
  const { operator } = crib.founded;
  const name = 'Command line of this machine';
  await change(crib.ctxFor({ principal: operator, requestId: 'req_start' }), 'key.created', async (tx) => {
    const id = await insertAdminKey(tx, operator.organizationId, text, crib.clock.now(), name);
    return { result: undefined, target: { type: 'key', id }, changes: { name, kind: 'admin' } };
  });
  return text;
}

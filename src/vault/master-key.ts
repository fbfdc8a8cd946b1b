import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Fault } from '../kernel/index.ts';
import { openBytes, sealBytes } from './sealing.ts';

/**
 * Wraps and unwraps keys: a master key does it for organization keys, a key service (AWS KMS, HashiCorp Vault) for
 * master keys. What is wrapped opens for its context alone.
 */
export type KeyWrapper = {
  /** Which key it is, so that a row can say what it needs; tells nothing of the key. */
  readonly id: string;
  wrap(key: Buffer, context: string): Promise<Buffer>;
  unwrap(wrapped: Buffer, context: string): Promise<Buffer>;
};

/** The master key, and during a rotation the one before it, which still unwraps and wraps nothing. */
export type MasterKeys = KeyWrapper & {
  /** The key service that wraps the current one, or null for one that is there. */
  readonly wrappedBy: string | null;
  /** False for a row that needs a master key which is not ours. Null: a row that does not say. */
  isOurs(id: string | null): boolean;
};

const example = 'Make one with: openssl rand -base64 32';

/** 32 bytes as base64, and not a placeholder. Fault `invalid` in one sentence that names where they came from. */
export function parseMasterKey(text: string, source = 'TOOLCRIB_MASTER_KEY'): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  const canonical = key.toString('base64').replace(/=+$/, '') === trimmed.replace(/=+$/, '');
  if (!canonical || key.length !== 32) {
    throw new Fault('invalid', `${source} must be 32 bytes in base64. ${example}`);
  }
  if (new Set(key).size < 10 || /^(.{1,8})\1+$/s.test(key.toString('latin1'))) {
    throw new Fault('invalid', `${source} looks like a placeholder. ${example}`);
  }
  return key;
}

/** The key kept in the data directory (mode 0600), made on the first start. */
export function masterKeyFromFile(file: string): Buffer {
  if (!existsSync(file)) {
    writeFileSync(file, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  }
  try {
    return parseMasterKey(readFileSync(file, 'utf8'));
  } catch {
    throw new Fault(
      'invalid',
      `The master key in ${file} is not readable; without it stored secrets cannot be opened.`,
    );
  }
}

export function wrapperOf(key: Buffer): KeyWrapper {
  const masterKey = createSecretKey(key);
  return {
    id: createHmac('sha256', key).update('which master key').digest('hex').slice(0, 16),
    wrap: async (bytes, context) => sealBytes(masterKey, context, bytes),
    unwrap: async (wrapped, context) => openBytes(masterKey, context, wrapped),
  };
}

export function masterKeysOf(
  current: KeyWrapper,
  previous: KeyWrapper | null,
  wrappedBy: string | null = null,
): MasterKeys {
  return {
    id: current.id,
    wrappedBy,
    wrap: (key, context) => current.wrap(key, context),
    async unwrap(wrapped, context) {
      if (!previous) return current.unwrap(wrapped, context);
      return current.unwrap(wrapped, context).catch(() => previous.unwrap(wrapped, context));
    },
    isOurs: (id) => id === null || id === current.id || id === previous?.id,
  };
}

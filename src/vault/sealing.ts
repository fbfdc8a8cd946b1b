import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';
import { drawRandom } from '../kernel/index.ts';

/**
 * AES-256-GCM: a fresh 96-bit nonce, then the ciphertext, then the tag. `context` says where the ciphertext
 * belongs and is authenticated with it, so that one moved to another row does not open. A key object, because turning
 * bytes into one costs four times what sealing does.
 */
export function sealBytes(key: KeyObject, context: string, plaintext: Buffer): Buffer {
  const nonce = drawRandom(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key, the context or a single bit differs. */
export function openBytes(key: KeyObject, context: string, sealed: Buffer): Buffer {
  if (sealed.length < 28) throw new Error('sealed text is too short');
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12), { authTagLength: 16 });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
}

/** Opens a value by the context it is sealed with now, or by the one that was used before fields were bound. Throws as above. */
export function openInPlace(key: KeyObject, contexts: readonly [string, string], sealed: Buffer): Buffer {
  try {
    return openBytes(key, contexts[0], sealed);
  } catch {
    return openBytes(key, contexts[1], sealed);
  }
}

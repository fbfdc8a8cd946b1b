import { createHash, randomBytes } from 'node:crypto';
import { Plaintext } from '../../vault/index.ts';

/** A fresh verifier for the vault and its S256 challenge for the authorization address (RFC 7636). */
export function createPkce(): { verifier: Plaintext; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return { verifier: new Plaintext(verifier), challenge };
}

import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { httpService, sendJson, type Fake } from './http-service.ts';

export type FakeTransit = Fake & {
  /** As TOOLCRIB_MASTER_KEY names the key. */
  address: string;
  environment: Record<string, string>;
  done: string[];
  /** Vault was restarted and nobody has unsealed it. */
  seal(isSealed: boolean): void;
};

/**
 * The part of HashiCorp Vault's transit engine that wraps keys: one key, with derivation where asked for, that wants
 * its token and namespace and authenticates `associated_data`.
 */
export async function startFakeTransit(options: { derived?: boolean } = {}): Promise<FakeTransit> {
  const token = `hvs.${randomBytes(18).toString('base64url')}`;
  const namespace = 'team/tools';
  const material = randomBytes(32);
  const done: string[] = [];
  let isSealed = false;

  const fake = await httpService(({ method, url, headers, body }, response) => {
    const fail = (status: number, error: string): void => sendJson(response, { errors: [error] }, status);
    if (isSealed) return fail(503, 'Vault is sealed');
    if (headers['x-vault-token'] !== token || headers['x-vault-namespace'] !== namespace) {
      return fail(403, 'permission denied');
    }
    const operation = /^\/v1\/shared\/transit\/(encrypt|decrypt)\/toolcrib$/.exec(url)?.[1];
    if (method !== 'POST' || !operation) return fail(404, 'no handler for route');
    const input = JSON.parse(body.toString('utf8')) as Record<string, string | undefined>;
    if (options.derived && !input['context']) return fail(400, 'missing context for key derivation');
    const key = options.derived
      ? createHmac('sha256', material).update(Buffer.from(input['context']!, 'base64')).digest()
      : material;
    const bound = Buffer.from(input['associated_data'] ?? '', 'base64');
    if (operation === 'encrypt') {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(bound);
      const plain = Buffer.from(input['plaintext']!, 'base64');
      const sealed = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      done.push('encrypt');
      const ciphertext = `vault:v1:${sealed.toString('base64')}`;
      return sendJson(response, { request_id: 'x', lease_id: '', data: { ciphertext, key_version: 1 } });
    }
    const sealed = Buffer.from(/^vault:v1:(.+)$/.exec(input['ciphertext'] ?? '')?.[1] ?? '', 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12));
      decipher.setAAD(bound).setAuthTag(sealed.subarray(-16));
      const plain = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
      done.push('decrypt');
      return sendJson(response, { request_id: 'x', data: { plaintext: plain.toString('base64') } });
    } catch {
      return fail(400, 'cipher: message authentication failed');
    }
  });
  return {
    ...fake,
    address: `vault-transit:${fake.url}/shared/transit/keys/toolcrib`,
    environment: { VAULT_TOKEN: token, VAULT_NAMESPACE: namespace },
    done,
    seal: (sealed) => void (isSealed = sealed),
  };
}

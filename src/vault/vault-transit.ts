import type { Egress } from '../egress/index.ts';
import { askKeyService, textIn, type KeyService } from './ask-key-service.ts';
import type { KeyWrapper } from './master-key.ts';

export type VaultTransit = {
  kind: 'vault-transit';
  /** The variable that named it, for sentences. */
  variable: string;
  origin: string;
  /** Where the transit engine is mounted: `transit`. */
  mount: string;
  key: string;
  token: string;
  namespace: string | null;
};

/**
 * A key of HashiCorp Vault's transit engine as a wrapper. Our context goes along as `associated_data`, which its AEAD
 * keys authenticate, and as `context`, which derived keys need and others pass over.
 * https://developer.hashicorp.com/vault/api-docs/secret/transit
 */
export function vaultTransitWrapper(transit: VaultTransit, deps: { egress: Egress }): KeyWrapper {
  const { origin, mount, key } = transit;
  const service: KeyService = {
    variable: transit.variable,
    name: `HashiCorp Vault’s ${mount}/keys/${key}`,
    origin,
    reasonOf: ({ errors }) => (Array.isArray(errors) ? errors[0] : undefined),
  };
  const ask = async (operation: 'encrypt' | 'decrypt', context: string, input: object): Promise<unknown> => {
    const bound = Buffer.from(context).toString('base64');
    const body = JSON.stringify({ ...input, associated_data: bound, context: bound });
    const headers: Record<string, string> = {
      'content-type': 'application/json',
      'x-vault-token': transit.token,
      'x-vault-request': 'true',
      ...(transit.namespace ? { 'x-vault-namespace': transit.namespace } : {}),
    };
    const url = `${origin}/v1/${mount}/${operation}/${key}`;
    const { data } = await askKeyService(deps.egress, service, () => ({ url, headers, body }));
    return data;
  };
  return {
    id: `vault-transit:${origin}/${mount}/keys/${key}`,
    async wrap(bytes, context) {
      const data = await ask('encrypt', context, { plaintext: bytes.toString('base64') });
      return Buffer.from(textIn(data, 'ciphertext', service), 'utf8');
    },
    async unwrap(wrapped, context) {
      const data = await ask('decrypt', context, { ciphertext: wrapped.toString('utf8') });
      return Buffer.from(textIn(data, 'plaintext', service), 'base64');
    },
  };
}

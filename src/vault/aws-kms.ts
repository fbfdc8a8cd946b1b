import type { Egress } from '../egress/index.ts';
import type { Clock } from '../kernel/index.ts';
import { askKeyService, textIn, type KeyService } from './ask-key-service.ts';
import type { KeyWrapper } from './master-key.ts';
import { signAwsRequest, type AwsCredentials } from './sign-aws-request.ts';

export type AwsKms = {
  kind: 'aws-kms';
  /** The variable that named it, for sentences. */
  variable: string;
  arn: string;
  region: string;
  endpoint: URL;
  credentials: AwsCredentials;
};

/**
 * A symmetric key of AWS KMS as a wrapper: `Encrypt` and `Decrypt` with our context as the encryption context, which
 * KMS authenticates and writes into its own log.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html
 */
export function awsKmsWrapper(kms: AwsKms, deps: { egress: Egress; clock: Clock }): KeyWrapper {
  const service: KeyService = {
    variable: kms.variable,
    name: 'AWS KMS',
    origin: kms.endpoint.origin,
    // `com.amazonaws.kms#NotFoundException` in some answers, the bare name in others.
    reasonOf: ({ __type: type }) => (typeof type === 'string' ? type.replace(/^.*#/, '') : undefined),
  };
  const ask = (operation: 'Encrypt' | 'Decrypt', context: string, input: object) => {
    const body = JSON.stringify({ KeyId: kms.arn, EncryptionContext: { toolcrib: context }, ...input });
    return askKeyService(deps.egress, service, () => {
      const headers = {
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${operation}`,
      };
      const request = { method: 'POST', url: kms.endpoint, headers, body };
      const { credentials, region } = kms;
      const signer = { credentials, region, service: 'kms', now: deps.clock.now() };
      return { url: kms.endpoint.href, headers: signAwsRequest(request, signer), body };
    });
  };
  return {
    id: `aws-kms:${kms.arn}`,
    async wrap(key, context) {
      const answer = await ask('Encrypt', context, { Plaintext: key.toString('base64') });
      return Buffer.from(textIn(answer, 'CiphertextBlob', service), 'base64');
    },
    async unwrap(wrapped, context) {
      const answer = await ask('Decrypt', context, { CiphertextBlob: wrapped.toString('base64') });
      return Buffer.from(textIn(answer, 'Plaintext', service), 'base64');
    },
  };
}

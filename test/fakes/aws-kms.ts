import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { httpService, sendJson, type Fake, type SeenRequest } from './http-service.ts';

export type FakeKms = Fake & {
  arn: string;
  /** What a client needs in its environment. */
  environment: Record<string, string>;
  /** The operations that were done, in order. */
  done: string[];
  /** Refuses what comes from now on with this error; null ends it. */
  refuse(type: string | null, status?: number): void;
};

const region = 'eu-west-1';

/**
 * The part of AWS KMS that wraps keys, as its reference describes it: JSON 1.1 over POST, Signature Version 4, an
 * encryption context that must be the same on the way back. It reads a signature by its own code, from the raw request.
 */
export async function startFakeKms(): Promise<FakeKms> {
  const secretKey = randomBytes(20).toString('hex');
  const accessKey = `AKIA${randomBytes(8).toString('hex').toUpperCase()}`;
  const sessionToken = randomBytes(24).toString('base64');
  const arn = `arn:aws:kms:${region}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab`;
  const material = randomBytes(32);
  const done: string[] = [];
  let refusal: { type: string; status: number } | null = null;

  const fake = await httpService((seen, response) => {
    const fail = (type: string, status = 400): void =>
      sendJson(response, { __type: type, message: 'No.' }, status);
    if (refusal) return fail(refusal.type, refusal.status);
    const problem = signatureProblem(seen, { secretKey, accessKey, sessionToken });
    if (problem) return fail(problem);
    if (seen.method !== 'POST' || seen.headers['content-type'] !== 'application/x-amz-json-1.1') {
      return fail('SerializationException');
    }
    const input = JSON.parse(seen.body.toString('utf8')) as Record<string, string> & {
      EncryptionContext?: Record<string, string>;
    };
    if (input['KeyId'] !== arn) return fail('com.amazonaws.kms#NotFoundException');
    const context = JSON.stringify(input.EncryptionContext ?? {});
    switch (seen.headers['x-amz-target'] as string) {
      case 'TrentService.Encrypt': {
        done.push('Encrypt');
        const nonce = randomBytes(12);
        const cipher = createCipheriv('aes-256-gcm', material, nonce).setAAD(Buffer.from(context));
        const sealed = [
          nonce,
          cipher.update(Buffer.from(input['Plaintext']!, 'base64')),
          cipher.final(),
          cipher.getAuthTag(),
        ];
        const CiphertextBlob = Buffer.concat(sealed).toString('base64');
        return sendJson(response, { CiphertextBlob, EncryptionAlgorithm: 'SYMMETRIC_DEFAULT', KeyId: arn });
      }
      case 'TrentService.Decrypt': {
        const blob = Buffer.from(input['CiphertextBlob']!, 'base64');
        const decipher = createDecipheriv('aes-256-gcm', material, blob.subarray(0, 12));
        decipher.setAAD(Buffer.from(context)).setAuthTag(blob.subarray(-16));
        try {
          const plain = Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]);
          done.push('Decrypt');
          return sendJson(response, {
            Plaintext: plain.toString('base64'),
            EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
            KeyId: arn,
          });
        } catch {
          return fail('InvalidCiphertextException');
        }
      }
      default:
        return fail('UnknownOperationException');
    }
  });
  return {
    ...fake,
    arn,
    done,
    environment: {
      AWS_ACCESS_KEY_ID: accessKey,
      AWS_SECRET_ACCESS_KEY: secretKey,
      AWS_SESSION_TOKEN: sessionToken,
      AWS_ENDPOINT_URL_KMS: fake.url,
    },
    refuse: (type, status = 400) => void (refusal = type === null ? null : { type, status }),
  };
}

/** What AWS would call a request whose signature does not hold; null for one that does. */
function signatureProblem(
  { method, url, headers, body }: SeenRequest,
  known: { secretKey: string; accessKey: string; sessionToken: string },
): string | null {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
  const [, id, day, zone, service, signed, signature] = form.exec(headers.authorization ?? '') ?? [];
  if (!id || !signed) return 'IncompleteSignatureException';
  if (id !== known.accessKey || headers['x-amz-security-token'] !== known.sessionToken) {
    return 'UnrecognizedClientException';
  }
  const time = String(headers['x-amz-date']);
  const sent = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const isFresh = Math.abs(Date.now() - sent) < 300_000 && time.startsWith(day!);
  if (!isFresh || zone !== region || service !== 'kms') return 'InvalidSignatureException';
  const must = ['content-type', 'host', 'x-amz-date', 'x-amz-security-token', 'x-amz-target'];
  if (signed !== must.join(';')) return 'InvalidSignatureException';
  const { pathname, search } = new URL(url, 'http://x');
  if (search) return 'InvalidSignatureException';
  let canonical = `${method}\n${pathname}\n\n`;
  for (const name of signed.split(';')) canonical += `${name}:${String(headers[name])}\n`;
  canonical += `\n${signed}\n${createHash('sha256').update(body).digest('hex')}`;
  const hashed = createHash('sha256').update(canonical).digest('hex');
  const mac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
  const dayKey = mac(mac(mac(`AWS4${known.secretKey}`, day!), zone), service);
  const scope = `${day}/${zone}/${service}/aws4_request`;
  const expected = mac(mac(dayKey, 'aws4_request'), `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hashed}`);
  return timingSafeEqual(expected, Buffer.from(signature!, 'hex')) ? null : 'InvalidSignatureException';
}

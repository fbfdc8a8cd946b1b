import { readFileSync } from 'node:fs';
import { isLoopbackHost } from '../egress/index.ts';
import { Fault } from '../kernel/index.ts';
import type { AwsKms } from './aws-kms.ts';
import { parseMasterKey } from './master-key.ts';
import type { VaultTransit } from './vault-transit.ts';

/** Where a master key comes from: it is there, or a key service unwraps it. */
export type MasterKeySource = { kind: 'key'; key: Buffer } | AwsKms | VaultTransit;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads TOOLCRIB_MASTER_KEY or TOOLCRIB_MASTER_KEY_PREVIOUS: 32 bytes in base64, `file:/path` of a file that holds
 * them, `aws-kms:ARN`, or `vault-transit:https://HOST/MOUNT/keys/NAME`. Fault `invalid` in one sentence that names the
 * variable and not its value.
 */
export function readMasterKeySource(env: Environment, variable: string): MasterKeySource | null {
  const text = env[variable]?.trim();
  if (!text) return null;
  const [, kind, rest = ''] = /^(file|aws-kms|vault-transit):(.*)$/s.exec(text) ?? [];
  if (kind === 'file') return { kind: 'key', key: keyInFile(rest, variable) };
  if (kind === 'aws-kms') return readAwsKms(env, rest, variable);
  if (kind === 'vault-transit') return readVaultTransit(env, rest, variable);
  return { kind: 'key', key: parseMasterKey(text, variable) };
}

const wrong = (variable: string, what: string): Fault => new Fault('invalid', `${variable} ${what}`);

function keyInFile(path: string, variable: string): Buffer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    throw wrong(variable, 'names a file that cannot be read.');
  }
  return parseMasterKey(text, `The file that ${variable} names`);
}

/** A key or an alias, in any partition whose endpoints we know. */
const arnForm =
  /^arn:(aws|aws-us-gov|aws-cn):kms:([a-z]{2}(?:-[a-z]+)+-\d):\d{12}:(?:key|alias)\/[\w/-]{1,256}$/;

function readAwsKms(env: Environment, arn: string, variable: string): AwsKms {
  const [, partition, region = ''] = arnForm.exec(arn) ?? [];
  if (!partition) {
    throw wrong(
      variable,
      'must name its AWS KMS key by ARN, such as aws-kms:arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab.',
    );
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) {
    throw wrong(
      variable,
      'names AWS KMS, which needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN where they are temporary).',
    );
  }
  const given = env.AWS_ENDPOINT_URL_KMS || env.AWS_ENDPOINT_URL;
  const domain = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = safeAddress(given || `https://kms.${region}.${domain}`);
  if (!endpoint) throw wrong('AWS_ENDPOINT_URL_KMS', 'must be an https address (http on loopback alone).');
  const credentials = { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN || null };
  return { kind: 'aws-kms', variable, arn, region, endpoint, credentials };
}

function readVaultTransit(env: Environment, address: string, variable: string): VaultTransit {
  const url = safeAddress(address);
  const [, mount, key] = /^\/((?:[\w.-]+\/)*[\w.-]+)\/keys\/([\w.-]+)$/.exec(url?.pathname ?? '') ?? [];
  if (!url || !mount || !key || url.search) {
    throw wrong(
      variable,
      'must name its key in HashiCorp Vault by https address (http on loopback alone), such as vault-transit:https://vault.example.com:8200/transit/keys/toolcrib.',
    );
  }
  const token = env.VAULT_TOKEN;
  if (!token || !/^[\x21-\x7e]+$/.test(token))
    throw wrong(variable, 'names HashiCorp Vault, which needs VAULT_TOKEN.');
  const namespace = env.VAULT_NAMESPACE || null;
  if (namespace && !/^[\x21-\x7e]+$/.test(namespace))
    throw wrong('VAULT_NAMESPACE', 'must be visible characters.');
  return { kind: 'vault-transit', variable, origin: url.origin, mount, key, token, namespace };
}

/** A master key travels there in the clear but for TLS, so plain http is for this machine alone. */
function safeAddress(text: string): URL | null {
  const url = URL.parse(text);
  if (!url || url.username || url.password || url.hash) return null;
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopbackHost(url.hostname));
  return isSafe ? url : null;
}

import { Webhook } from 'standardwebhooks';
import { Fault } from '../kernel/index.ts';
import type { Json } from '../kernel/index.ts';
import type { Unsealer } from '../vault/index.ts';
import { isSafeAddress, unsafeAddress } from './oauth/safe-address.ts';
import { writeTokenRequest } from './oauth/write-token-request.ts';
import type { SealedParameter, SignedTokenRequest, TokenRequestDraft } from './oauth/write-token-request.ts';
import { Signing } from './signing.ts';
import type { SignedRequest } from './signing.ts';
import { SealedValue } from './types.ts';
import type { Arguments, CredentialRef, Target } from './types.ts';

/**
 * This file alone opens what the vault keeps. Adds the credential and the connection's own sealed headers and
 * query to a request. Throws Fault `upstream`: `credential_origin` when the request leaves the origin the
 * credential or the connection belongs to, `credential_unreadable` when a stored value cannot be used.
 */
export async function signRequest(
  unsealer: Unsealer,
  target: Target,
  credential: CredentialRef | null,
  url: string,
  headers: Readonly<Record<string, string>>,
): Promise<SignedRequest> {
  const request = new Signing(url, headers);
  const signsIn = credential !== null && credential.method.type !== 'none';
  if (!signsIn && target.sealedSecretId === null) return request.done();

  const origin = new URL(url).origin;
  if (signsIn && origin !== URL.parse(credential.origin)?.origin) throw wrongOrigin();
  if (target.sealedSecretId !== null) {
    if (origin !== URL.parse(target.address)?.origin) throw wrongOrigin();
    request.addOwn(await unsealer.openSecret(target.organizationId, target.sealedSecretId));
  }
  if (signsIn) {
    request.addCredential(credential, await openFields(unsealer, credential));
  }
  return request.done();
}

/** Where a webhook's messages go and what they are signed with: nothing of it secret. */
export type WebhookTarget = {
  organizationId: string;
  /** Without its query. */
  address: string;
  /** Secret holding `{"query": {...}}`, or null. */
  sealedSecretId: string | null;
  /** Signing secrets, the newest first: two while one replaces the other. */
  secretIds: readonly string[];
};

/**
 * Signs one message as Standard Webhooks says, with every secret that is valid, and puts the address together.
 * Throws Fault `upstream` code `credential_unreadable`.
 */
export async function signWebhook(
  unsealer: Unsealer,
  target: WebhookTarget,
  message: { id: string; timestamp: Date; body: string },
): Promise<SignedRequest> {
  const signatures: string[] = [];
  for (const secretId of target.secretIds) {
    const secret = await unsealer.openSecret(target.organizationId, secretId);
    signatures.push(new Webhook(secret).sign(message.id, message.timestamp, message.body));
  }
  const request = new Signing(target.address, {
    'webhook-id': message.id,
    'webhook-timestamp': String(Math.floor(message.timestamp.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  });
  if (target.sealedSecretId !== null) {
    request.addOwn(await unsealer.openSecret(target.organizationId, target.sealedSecretId));
  }
  return request.done();
}

/**
 * Opens what one token request needs (client secret, code verifier, refresh token), signs it and hands it to `send`:
 * the opened values live no longer than that. It goes to the address the server was fixed with when the account was
 * connected. Null, and nothing is sent, where a credential has no such field or the server no such address. Throws
 * Fault `upstream`: `credential_unreadable`, and `oauth_unsafe` where secrets would travel in the open.
 */
export async function openTokenRequest<Answer>(
  unsealer: Unsealer,
  draft: TokenRequestDraft,
  send: (request: SignedTokenRequest) => Promise<Answer>,
): Promise<Answer | null> {
  const { server, client, organizationId } = draft;
  const url = draft.to === 'token' ? server.tokenUrl : server.revocationUrl;
  if (url === null) return null;
  if (!isSafeAddress(url)) throw unsafeAddress('The token address');
  const opened: Record<string, string> = {};
  for (const [name, at] of Object.entries(draft.sealed)) {
    const value = await openParameter(unsealer, organizationId, at);
    if (value === null) return null;
    opened[name] = value;
  }
  const secret = client.auth === 'none' ? null : await openClientSecret(unsealer, organizationId, client);
  return send(writeTokenRequest(draft, url, opened, secret));
}

async function openParameter(
  unsealer: Unsealer,
  organizationId: string,
  at: SealedParameter,
): Promise<string | null> {
  if ('secretId' in at) return unsealer.openSecret(organizationId, at.secretId);
  const fields = await unsealer.openCredential(organizationId, at.credentialId);
  return Object.hasOwn(fields, at.field) ? fields[at.field]! : null;
}

async function openClientSecret(
  unsealer: Unsealer,
  organizationId: string,
  { secretId }: TokenRequestDraft['client'],
): Promise<string> {
  if (secretId !== null) return unsealer.openSecret(organizationId, secretId);
  throw new Fault('upstream', 'The OAuth client has no secret. Set it again.', {
    code: 'credential_unreadable',
  });
}

/** What a reference points at: a credential, or secrets that may become one. */
async function openFields(
  unsealer: Unsealer,
  at: Pick<CredentialRef, 'organizationId' | 'credentialId' | 'sealed' | 'version'>,
): Promise<Readonly<Record<string, string>>> {
  if (!at.sealed) return unsealer.openCredential(at.organizationId, at.credentialId, at.version);
  const fields: Record<string, string> = {};
  for (const [name, secretId] of Object.entries(at.sealed)) {
    fields[name] = await unsealer.openSecret(at.organizationId, secretId);
  }
  return fields;
}

const wrongOrigin = (): Fault =>
  new Fault('upstream', 'The credential was given for another origin and does not travel to this one.', {
    code: 'credential_origin',
  });

/** The arguments as they leave; `secrets` are the texts that were put in for sealed values. */
export type OpenArguments = { values: { readonly [field: string]: Json }; secrets: readonly string[] };

const none: readonly string[] = [];

/**
 * Puts sealed values in. Nothing but the request that is being written may see the result. Throws Fault
 * `upstream` code `credential_unreadable`.
 */
export function openArguments(
  unsealer: Unsealer,
  organizationId: string,
  args: Arguments,
): OpenArguments | Promise<OpenArguments> {
  for (const field in args) {
    if (holdsSealed(args[field])) return openSealed(unsealer, organizationId, args);
  }
  return { values: args as { readonly [field: string]: Json }, secrets: none };
}

async function openSealed(
  unsealer: Unsealer,
  organizationId: string,
  args: Arguments,
): Promise<OpenArguments> {
  const secrets: string[] = [];
  const open = async (value: unknown): Promise<Json> => {
    if (value instanceof SealedValue) {
      const text = await unsealer.openSecret(organizationId, value.secretId);
      secrets.push(text);
      return text;
    }
    if (Array.isArray(value)) return Promise.all(value.map(open));
    if (typeof value === 'object' && value !== null && holdsSealed(value)) {
      const pairs = await Promise.all(
        Object.entries(value).map(async ([key, one]) => [key, await open(one)] as const),
      );
      return Object.fromEntries(pairs);
    }
    return value as Json;
  };
  const values = (await open(args)) as { readonly [field: string]: Json };
  return { values, secrets };
}

export function holdsSealed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof SealedValue) return true;
  return Array.isArray(value) ? value.some(holdsSealed) : Object.values(value).some(holdsSealed);
}

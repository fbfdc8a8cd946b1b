import type { HttpBinding } from '../../connectors/index.ts';
import { acceptedEncodings } from '../../egress/index.ts';
import type { Egress } from '../../egress/index.ts';
import { Fault } from '../../kernel/index.ts';
import type { Unsealer } from '../../vault/index.ts';
import { holdsSealed, openArguments, signRequest } from '../authorize.ts';
import { readRefusal } from '../read-refusal.ts';
import type { Retrying } from '../retry.ts';
import type { Invocation, Reply } from '../types.ts';
import { userAgent } from '../user-agent.ts';
import { buildRequest } from './build-request.ts';
import { readReply } from './read-reply.ts';

type Parts = { egress: Egress; unsealer: Unsealer; retrying: Retrying };

/** Sends one operation and reads its answer. Throws Fault `upstream`, or `invalid` for an argument that cannot travel. */
export async function invokeHttp(
  { egress, unsealer, retrying }: Parts,
  invocation: Invocation,
  binding: HttpBinding,
): Promise<Reply> {
  const { target, credential, signal } = invocation;
  const opened = await openArguments(unsealer, target.organizationId, invocation.arguments);
  const base = baseOf(invocation, binding);
  const plain = buildRequest(base, binding, opened.values);
  plain.headers['accept'] = 'application/json, text/*;q=0.9, */*;q=0.5';
  plain.headers['accept-encoding'] = acceptedEncodings;
  plain.headers['user-agent'] = userAgent;
  plain.headers['traceparent'] = invocation.traceparent;
  const signed = await signRequest(unsealer, target, credential, plain.url, plain.headers);
  const secrets = opened.secrets.length > 0 ? [...signed.secrets, ...opened.secrets] : signed.secrets;
  const reads = plain.method === 'GET' || plain.method === 'HEAD';

  return retrying(new URL(base).origin, reads || invocation.idempotent, signal, async () => {
    const answer = await egress.exchange(
      {
        method: plain.method,
        url: signed.url,
        headers: signed.headers,
        body: plain.body,
        signal,
        localOrigin: target.localOrigin,
        follow: reads && opened.secrets.length === 0,
        credentialHeaders: signed.credentialHeaders,
      },
      { maxBytes: invocation.maxBytes },
    );
    const retryAfter = answer.headers['retry-after'];
    const reply = readReply(answer, secrets);
    // Behind a redirect to another origin nobody has seen the credential, and so nobody has refused it.
    const isHere = reply.isError && new URL(answer.url).origin === new URL(signed.url).origin;
    const refusal = isHere ? readRefusal(answer.status, answer.headers) : undefined;
    return {
      answer: refusal ? { ...reply, refusal } : reply,
      status: answer.status,
      retryAfter: typeof retryAfter === 'string' ? retryAfter : null,
    };
  });
}

/** An operation's own server counts only where nothing secret would travel to another origin. */
function baseOf({ target, credential, arguments: args }: Invocation, binding: HttpBinding): string {
  const own = binding.server === null ? null : URL.parse(binding.server, target.address);
  if (!own || own.origin === URL.parse(target.address)?.origin) return own?.href ?? target.address;
  const bare = credential === null || credential.method.type === 'none';
  if (!bare || target.sealedSecretId !== null || holdsSealed(args)) {
    throw new Fault(
      'upstream',
      'This operation lives on another origin, where the credential does not travel.',
      {
        code: 'credential_origin',
      },
    );
  }
  return own.href;
}

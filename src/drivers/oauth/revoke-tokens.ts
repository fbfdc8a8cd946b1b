import { isObject } from '../../kernel/index.ts';
import { openTokenRequest } from '../authorize.ts';
import { postToken } from './request-tokens.ts';
import type { TokenSender } from './request-tokens.ts';
import type { OAuth } from './types.ts';

/** The refresh token first: it is what makes further ones. */
const kinds = ['refresh_token', 'access_token'] as const;

/** RFC 7009. False where one of the tokens may still be good. */
export const revokeWith =
  (sender: TokenSender): OAuth['revoke'] =>
  async ({ organizationId, credentialId, sealed, grant, localOrigin }) => {
    const { server, client } = grant;
    if (server.revocationUrl === null) return null;
    let isDone = true;
    for (const kind of kinds) {
      if (sealed && !Object.hasOwn(sealed, kind)) continue;
      const at = sealed ? { secretId: sealed[kind]! } : { credentialId, field: kind };
      const draft = {
        organizationId,
        server,
        client,
        to: 'revocation' as const,
        // Without a hint: it saves the server a look-up, and services that know no hint refuse it.
        parameters: {},
        sealed: { token: at },
      };
      try {
        const revoked = await openTokenRequest(sender.unsealer, draft, async (request) => {
          const reply = await postToken(sender, request, sender.limits.patience, { localOrigin });
          return reply.status >= 200 && reply.status < 300 && !saysNo(reply.body.toString('utf8'));
        });
        isDone &&= revoked ?? true;
      } catch {
        // Unreachable, or the token cannot be opened: it could not be revoked, which is the answer.
        isDone = false;
      }
    }
    return isDone;
  };

/** Some services say with status 200 that something went wrong. */
function saysNo(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) && (value['ok'] === false || typeof value['error'] === 'string');
  } catch {
    return false;
  }
}

import type { Egress } from '../../egress/index.ts';
import { systemClock } from '../../kernel/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { Unsealer } from '../../vault/index.ts';
import { authorizationUrl } from './authorization-url.ts';
import { discoverWith } from './discover-server.ts';
import { exchangeWith, tokensOf } from './exchange-code.ts';
import { oauthLimits } from './limits.ts';
import type { OAuthLimits } from './limits.ts';
import { parametersOf, refreshWith } from './refresh-tokens.ts';
import { registerWith } from './register-client.ts';
import { requestTokens } from './request-tokens.ts';
import type { TokenSender } from './request-tokens.ts';
import { revokeWith } from './revoke-tokens.ts';
import type { OAuth } from './types.ts';

export type OAuthOptions = { egress: Egress; unsealer: Unsealer; clock?: Clock; limits?: OAuthLimits };

/** The OAuth client over the guarded sockets and the vault; keeps nothing between two requests. */
export function createOAuth({
  egress,
  unsealer,
  clock = systemClock,
  limits = oauthLimits,
}: OAuthOptions): OAuth {
  const sender: TokenSender = { egress, unsealer, clock, limits };
  return {
    discover: discoverWith(sender),
    register: registerWith(sender),
    authorizationUrl,
    exchange: exchangeWith(sender),
    async clientCredentials({ organizationId, server, client, scopes, localOrigin }) {
      const parts = parametersOf({ grant: 'client_credentials', server }, null, scopes);
      const draft = { organizationId, server, client, to: 'token' as const, ...parts };
      return tokensOf(await requestTokens(sender, draft, { localOrigin }));
    },
    refresh: refreshWith(sender),
    revoke: revokeWith(sender),
  };
}

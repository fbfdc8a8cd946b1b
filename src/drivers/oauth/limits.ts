/** What an authorization server may cost: bytes of an answer, milliseconds until it is there. */
export type OAuthLimits = {
  bytes: number;
  /** Metadata, registration, revocation: each request. */
  patience: number;
  /** A whole discovery, which asks several addresses. */
  discoveryPatience: number;
  /** Token requests: services that take 15 seconds to answer are served. */
  tokenPatience: number;
};

export const oauthLimits: OAuthLimits = {
  bytes: 64 * 1024,
  patience: 20_000,
  discoveryPatience: 40_000,
  tokenPatience: 30_000,
};

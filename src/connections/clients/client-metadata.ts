/** Where services send people back to where somebody has registered an app: the address to register at every service. */
export const redirectUriOf = (publicUrl: string): string => `${publicUrl}/connect/callback`;

/**
 * Where servers send people back to that we have told ourselves who we are. Another address than the one of apps, and
 * not below it, since services take what lies below: a server that somebody's connection names cannot send people on
 * to a service where the organization has an app and have that one's code taken for an answer of its own (mix-up,
 * RFC 9700, 4.4), even where the service does not say in its answer who it is.
 */
export const ownRedirectUriOf = (publicUrl: string): string => `${publicUrl}/connect/answer`;

/** Our client id at servers that read a document there instead of registering clients. */
export const clientMetadataUrl = (publicUrl: string): string => `${publicUrl}/connect/client-metadata.json`;

/** Whether an authorization server on the internet could read that document. */
export function canServeMetadata(publicUrl: string): boolean {
  const { protocol, hostname } = new URL(publicUrl);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return protocol === 'https:' && !isLoopback;
}

/** The document itself (OAuth client id metadata document): public, the same for everybody. */
export const clientMetadata = (publicUrl: string): Readonly<Record<string, unknown>> => ({
  client_id: clientMetadataUrl(publicUrl),
  client_name: 'Toolcrib',
  client_uri: publicUrl,
  redirect_uris: [ownRedirectUriOf(publicUrl)],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

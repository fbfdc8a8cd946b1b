export type OwnOrigins = {
  publicUrl: URL;
  /** TOOLCRIB_ALLOWED_ORIGINS. */
  allowedOrigins: readonly string[];
};

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Whether a browser's Origin may talk to us: the public origin and the allowed ones; where the public
 * address is a loopback name, its other spellings too. `null` and everything else may not.
 */
export function admitOrigin(origin: string, own: OwnOrigins): boolean {
  if (origin === own.publicUrl.origin) return true;
  if (own.allowedOrigins.some((allowed) => URL.parse(allowed)?.origin === origin)) return true;
  if (!loopbackNames.includes(own.publicUrl.hostname)) return false;
  const port = own.publicUrl.port ? `:${own.publicUrl.port}` : '';
  return loopbackNames.some((name) => origin === `${own.publicUrl.protocol}//${name}${port}`);
}

const readable = [
  'X-Request-Id',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'Retry-After',
  'WWW-Authenticate',
  'Mcp-Session-Id',
  'Mcp-Protocol-Version',
];

/** What a browser of an admitted origin is told. Credentials travel in headers of their own, never in cookies. */
export function crossOriginHeaders(origin: string): Record<string, string> {
  return {
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Expose-Headers': readable.join(', '),
    Vary: 'Origin',
  };
}

/** The answer to a preflight: every method and header we know. */
export function preflightHeaders(requestedHeaders: string | undefined): Record<string, string> {
  const asked = (requestedHeaders ?? '').slice(0, 1000);
  return {
    'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE',
    'Access-Control-Allow-Headers':
      /^[\w\-, ]*$/.test(asked) && asked ? asked : 'Authorization, Content-Type',
    'Access-Control-Max-Age': '600',
  };
}

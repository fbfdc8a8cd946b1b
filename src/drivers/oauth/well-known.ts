/** Where an MCP server's protected-resource metadata may lie without a challenge that says so (RFC 9728): by path, at the root. */
export function resourceMetadataAddresses(serverUrl: string): readonly string[] {
  const { origin, pathname, search } = new URL(serverUrl);
  const root = `${origin}/.well-known/oauth-protected-resource`;
  const path = withoutEnd(pathname);
  return path === '' && search === '' ? [root] : [`${root}${path}${search}`, root];
}

/**
 * Where an authorization server's metadata may lie, in the order of the MCP specification: RFC 8414 with the path
 * inserted, OpenID Connect with the path inserted, OpenID Connect with its own path appended.
 */
export function serverMetadataAddresses(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = withoutEnd(pathname);
  const inserted = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
  ];
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

/** The canonical address of an MCP server (RFC 8707): no fragment, no closing slash where nothing stands before it. */
export function canonicalResource(serverUrl: string): string {
  const { origin, pathname, search } = new URL(serverUrl);
  return `${origin}${pathname === '/' ? '' : pathname}${search}`;
}

/**
 * Whether metadata for `resource` speaks for the server at `serverUrl`: the same address, or one it lies below at
 * the same origin. Anything else could hand our tokens to somebody else's resource.
 */
export function speaksFor(resource: string, serverUrl: string): boolean {
  const [claimed, server] = [URL.parse(resource), URL.parse(serverUrl)];
  if (!claimed || !server || claimed.origin !== server.origin || claimed.hash !== '') return false;
  if (claimed.username !== '' || claimed.password !== '') return false;
  if (claimed.search !== '' && claimed.search !== server.search) return false;
  return `${server.pathname}/`.startsWith(`${withoutEnd(claimed.pathname)}/`);
}

const withoutEnd = (path: string): string => path.replace(/\/+$/, '');

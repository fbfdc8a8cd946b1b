import { isMcpPath, pathOf } from './address.ts';

/** Protected-resource metadata (RFC 9728) for a client that was answered 401. */
export type ResourceMetadata = {
  resource: string;
  bearer_methods_supported: readonly ['header'];
};

const wellKnown = '/.well-known/oauth-protected-resource';

/**
 * The document served at `path`: the root form describes the installation, the path form one MCP address.
 * Null when the path is neither. There is no authorization server yet, so none is named. It is the same
 * whether or not the pack exists: nobody has said yet who is asking.
 */
export function resourceMetadata(publicUrl: string, path: string): ResourceMetadata | null {
  if (!path.startsWith(wellKnown)) return null;
  const rest = path.slice(wellKnown.length);
  const origin = publicUrl.replace(/\/$/, '');
  if (rest === '' || rest === '/') return { resource: origin, bearer_methods_supported: ['header'] };
  if (!isMcpPath(rest)) return null;
  return { resource: origin + pathOf(rest), bearer_methods_supported: ['header'] };
}

/** The value of `WWW-Authenticate` for a 401 at an MCP path. */
export function challenge(publicUrl: string, path: string): string {
  return `Bearer resource_metadata="${publicUrl.replace(/\/$/, '')}${wellKnown}${pathOf(path)}"`;
}

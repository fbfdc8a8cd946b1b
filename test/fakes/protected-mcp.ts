import { sendJson } from './http-service.ts';
import { result, scriptedMcp, textResult } from './scripted-mcp.ts';
import type { Script, ScriptedMcp } from './scripted-mcp.ts';

export type ProtectedOptions = {
  /** Issuers named in the resource's metadata, in order. Null: the metadata names none. */
  issuers: readonly string[] | null;
  /** Whether a Bearer is good; any is unless said. `startRotatingServer().isGood` fits. */
  accepts?: (bearer: string) => boolean;
  /** Where the resource's metadata lies: `challenge` at an address only the challenge names. By path unless said. */
  metadata?: 'challenge' | 'path' | 'root' | 'none';
  /** Changes the metadata document; null takes a member away. */
  describe?: (url: string) => Readonly<Record<string, unknown>>;
  /** Scopes the 401's challenge names. */
  scopes?: readonly string[];
  /** Takes the place of the whole challenge. Null: 401 without one. */
  challenge?: ((url: string) => string) | null;
  era?: Script['era'];
  tools?: Script['tools'];
  call?: Script['call'];
};

export type ProtectedMcp = ScriptedMcp & {
  /** Bearer of each request that came to the endpoint, null for none. */
  bearers: (string | null)[];
  /** Calls of tools are answered 403 `insufficient_scope` with these, while it is not null. */
  missing: readonly string[] | null;
  /** The same for listings. */
  missingToList: readonly string[] | null;
};

/** An MCP server that wants a token and says where one is had (RFC 9728). Answers calls with the text `done`. */
export async function startProtectedMcp(options: ProtectedOptions): Promise<ProtectedMcp> {
  const { accepts = () => true, metadata = 'path', scopes } = options;
  const bearers: (string | null)[] = [];
  let own: ProtectedMcp | null = null;
  const address = (): URL => new URL(own!.url);
  const metadataPath = (): string =>
    metadata === 'challenge'
      ? '/somewhere/else.json'
      : `/.well-known/oauth-protected-resource${metadata === 'path' ? address().pathname : ''}`;
  const challenge = (more: string): string => {
    const named =
      metadata === 'challenge' ? `, resource_metadata="${address().origin}${metadataPath()}"` : '';
    return `Bearer realm="mcp"${more}${named}`;
  };
  const scopeOf = (list: readonly string[] | undefined): string =>
    list ? `, scope="${list.join(' ')}"` : '';

  const mcp = await scriptedMcp({
    era: options.era ?? 'modern',
    tools: options.tools ?? [{ name: 'do_it', description: 'Does it.', inputSchema: { type: 'object' } }],
    call: options.call ?? ((message, response) => result(response, message.id, textResult('done'))),
    intercept(seen, message, response) {
      const path = seen.url.split('?')[0]!;
      if (path !== address().pathname) {
        const document = {
          resource: own!.url,
          ...(options.issuers ? { authorization_servers: options.issuers } : {}),
          bearer_methods_supported: ['header'],
          ...options.describe?.(own!.url),
        };
        const said = Object.fromEntries(Object.entries(document).filter(([, value]) => value !== null));
        if (metadata !== 'none' && path === metadataPath()) sendJson(response, said);
        else response.writeHead(404).end();
        return true;
      }
      const bearer = /^Bearer (.+)$/.exec(seen.headers.authorization ?? '')?.[1] ?? null;
      bearers.push(bearer);
      if (bearer === null || !accepts(bearer)) {
        const error = bearer === null ? '' : ', error="invalid_token"';
        const header =
          options.challenge === undefined
            ? challenge(error + scopeOf(scopes))
            : (options.challenge?.(own!.url) ?? null);
        response.writeHead(401, header === null ? {} : { 'www-authenticate': header }).end();
        return true;
      }
      const { missing, missingToList } = own!;
      const wanted = { 'tools/call': missing, 'tools/list': missingToList }[message?.method ?? ''];
      if (wanted) {
        const header = challenge(`, error="insufficient_scope"${scopeOf(wanted)}`);
        response.writeHead(403, { 'www-authenticate': header }).end();
        return true;
      }
      return false;
    },
  });
  own = Object.assign(mcp, { bearers, missing: null, missingToList: null });
  return own;
}

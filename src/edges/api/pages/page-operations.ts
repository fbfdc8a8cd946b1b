import type { Contract } from '../contract.ts';

/** What is served beside the table of routes, for OpenAPI: pages, and MCP, which is a protocol of its own. */
export type PageOperation = {
  method: 'get' | 'post';
  path: string;
  tag: string;
  summary: string;
  type: string;
  isPublic: boolean;
  contract: Contract['name'];
};

const operation = (
  path: string,
  summary: string,
  type: string,
  more: Partial<PageOperation> = {},
): PageOperation => ({
  method: 'get',
  path,
  tag: 'Running',
  summary,
  type,
  isPublic: true,
  contract: 'toolcrib',
  ...more,
});

const mcp = { method: 'post', tag: 'MCP', isPublic: false } as const;
const connect = { tag: 'Connect page' } as const;
const json = 'application/json';

export const pageOperations: readonly PageOperation[] = [
  operation('/mcp/{pack}', 'A pack over MCP (streamable HTTP)', json, mcp),
  operation('/mcp/agents/{handle}', 'An agent over MCP (streamable HTTP), with its own key', json, mcp),
  operation(
    '/api/v1/tool-packs/{pack}/registered-users/{user}/mcp/',
    'A pack over MCP (streamable HTTP), on behalf of a registered user',
    json,
    { ...mcp, contract: 'tool-packs' },
  ),
  operation(
    '/connect/{token}',
    'The page of a link by which a person connects an account',
    'text/html',
    connect,
  ),
  operation('/connect/{token}', 'One step of that page: its form', 'text/html', {
    ...connect,
    method: 'post',
  }),
  operation(
    '/connect/answer',
    'Where servers send people back to that know us by ourselves',
    'text/html',
    connect,
  ),
  operation('/connect/callback', 'Where services send people back to', 'text/html', connect),
  operation('/connect/client-metadata.json', 'What Toolcrib is as an OAuth client', json, connect),
  operation('/healthz', 'Whether the process is alive', json),
  operation('/readyz', 'Whether it can serve; says what is missing', json),
  operation('/metrics', 'Metrics for Prometheus; needs management:all', 'text/plain', { isPublic: false }),
  operation('/openapi.json', 'Every route', json),
  operation('/openapi/{contract}.json', 'The routes of one contract', json),
  operation('/docs', 'The routes, to read', 'text/html'),
  operation('/docs.md', 'The routes as Markdown', 'text/markdown'),
  operation('/', 'To the documentation', 'text/html'),
  operation('/llms.txt', 'The routes, for models to read', 'text/plain'),
  operation('/.well-known/oauth-protected-resource', 'How MCP clients sign in (RFC 9728)', json),
];

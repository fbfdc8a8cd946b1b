import { randomBytes } from 'node:crypto';
import { modern } from '../contracts/mcp-counter.ts';
import type { Answer, Json, Request, World } from '../world.ts';
import type { Things } from './furnish.ts';

// Every route the product describes, with what may be said to it: a route added later is swept without a word here.

export type SweptRoute = {
  /** `POST /v1/keys`: also its title. */
  name: string;
  method: string;
  path: string;
  params: readonly string[];
  query: readonly { name: string; schema: Json }[];
  /** What its query has to hold, as it stands behind the path. */
  needsQuery: string;
  /** The body's schema, references resolved where they stand; null where the route takes none. */
  body: Json;
  needsBody: boolean;
  scope: string | null;
  isPublic: boolean;
  isMcp: boolean;
  /** True for an answer that does not end by itself. */
  isStream: boolean;
};

export async function readRoutes(world: World): Promise<{ routes: readonly SweptRoute[]; document: Json }> {
  const { json: document } = await world.ask('GET', '/openapi.json', { key: '' });
  const routes = Object.entries<Json>(document.paths).flatMap(([path, operations]) =>
    Object.entries<Json>(operations).map(([method, operation]): SweptRoute => {
      const parameters: Json[] = operation.parameters ?? [];
      const content = operation.requestBody?.content?.['application/json'];
      const answers = Object.keys(operation.responses['200']?.content ?? {});
      const isMcp = /(^|\/)mcp(\/|$)/.test(path) && !path.startsWith('/v1/');
      return {
        name: `${method.toUpperCase()} ${path}`,
        method: method.toUpperCase(),
        path,
        params: parameters.filter((each) => each.in === 'path').map((each) => each.name),
        query: parameters.filter((each) => each.in === 'query'),
        needsQuery: queryOf(parameters.filter((each) => each.in === 'query' && each.required)),
        body: content && !isMcp ? resolved(content.schema, document) : null,
        needsBody: operation.requestBody?.required === true,
        scope: isMcp
          ? 'runtime:all'
          : (/Needs the scope `([^`]+)`/.exec(operation.description ?? '')?.[1] ?? null),
        isPublic: Array.isArray(operation.security) && operation.security.length === 0,
        isMcp,
        isStream: answers.includes('text/event-stream') && !isMcp,
      };
    }),
  );
  return { routes, document };
}

const queryOf = (needed: readonly Json[]): string =>
  needed.length === 0 ? '' : `?${needed.map(({ name, schema }) => `${name}=${sampleOf(schema)}`).join('&')}`;

function resolved(schema: Json, document: Json, depth = 0): Json {
  if (typeof schema !== 'object' || schema === null || depth > 20) return schema;
  if (typeof schema.$ref === 'string') {
    return resolved(document.components.schemas[schema.$ref.split('/').at(-1)], document, depth + 1);
  }
  if (Array.isArray(schema)) return schema.map((each) => resolved(each, document, depth + 1));
  return Object.fromEntries(
    Object.entries<Json>(schema).map(([key, value]) => [key, resolved(value, document, depth + 1)]),
  );
}

/** The noun a path parameter stands for: what the segment before it says. Null where this sweep does not know it. */
export function nounOf(route: SweptRoute, param: string): keyof Things | null {
  const segments = route.path.split('/').filter(Boolean);
  const before = segments[segments.indexOf(`{${param}}`) - 1] ?? '';
  if (route.path.startsWith('/v1/connectors/')) return 'connection';
  if (route.path.startsWith('/mcp/agents/')) return 'agentHandle';
  if (before === 'connectors' || before === 'entries') return 'connectionSlug';
  // What tool instances are instances of are connectors.
  if (before === 'tools' && route.path.startsWith('/v1/orgs/')) return 'connector';
  return nounsBySegment[before] ?? null;
}

const nounsBySegment: Readonly<Record<string, keyof Things>> = {
  connections: 'connection',
  tools: 'tool',
  credentials: 'credential',
  packs: 'pack',
  'tool-packs': 'pack',
  mcp: 'pack',
  calls: 'call',
  users: 'user',
  'registered-users': 'user',
  keys: 'key',
  'access-keys': 'key',
  agents: 'agent',
  catalog: 'connector',
  orgs: 'organization',
  webhooks: 'webhook',
  approvals: 'approval',
  'application-credentials': 'app',
  secrets: 'vaultSecret',
  workspaces: 'workspace',
  'tool-instances': 'instance',
};

/** The path with each parameter's value in its place, encoded. */
export function pathWith(route: SweptRoute, value: (param: string) => string): string {
  return route.path.replace(/\{(\w+)\}/g, (_whole, param: string) => encodeURIComponent(value(param)));
}

/** The request a route wants at the least; MCP addresses are asked for their tools. */
export function plainRequest(route: SweptRoute, key: string, body?: unknown): Request {
  if (route.isMcp) {
    const { headers, body: raw } = modern('tools/list', {}, { key });
    const { Authorization: _key, ...rest } = headers as Record<string, string>;
    return { key, headers: rest, raw: raw as string };
  }
  if (body !== undefined) return { key, body };
  return route.body === null ? { key } : { key, body: sampleOf(route.body) };
}

/** A value a schema takes: required members alone. */
export function sampleOf(schema: Json): Json {
  if (schema === undefined || schema === null || schema === true) return {};
  const [choice] = schema.oneOf ?? schema.anyOf ?? [];
  if (choice) return sampleOf(choice);
  if (schema.enum) return schema.enum[0];
  if ('const' in schema) return schema.const;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name: string) => [name, sampleOf(schema.properties?.[name])]),
      );
    case 'array':
      return [];
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    case 'boolean':
      return true;
    case 'string':
      return schema.format === 'date-time'
        ? '2030-01-01T00:00:00.000Z'
        : `s${randomBytes(4).toString('hex')}`;
    default:
      return {};
  }
}

/** An answer without what differs between two equal ones. */
export function essence(answer: Answer): string {
  const text = answer.text
    .replace(/"request_id":"[^"]*"/g, '"request_id":"…"')
    .replace(/"timestamp":"[^"]*"/g, '"timestamp":"…"');
  const headers = ['content-type', 'www-authenticate', 'allow', 'retry-after', 'location'];
  return [answer.status, ...headers.map((name) => `${name}: ${answer.headers.get(name)}`), text].join('\n');
}

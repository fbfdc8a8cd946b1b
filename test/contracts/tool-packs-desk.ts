import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { httpService, sendJson, type Fake, type SeenRequest } from '../fakes/http-service.ts';
import type { Answer, Json, World } from '../world.ts';
import { modern, type Answered } from './mcp-counter.ts';

// What the tests of tool packs share: services with tools to pack, and an organization of each test's own.

export type Services = {
  fake: Fake;
  /** Operations of each service by its name; changed by a test, it is another version of the service. */
  operations: Map<string, readonly string[]>;
  /** What a service was asked, documents left out. */
  asked(name: string): readonly SeenRequest[];
};

/** Any number of services behind one port, each described by a document of its own. */
export async function openServices(): Promise<Services> {
  const operations = new Map<string, readonly string[]>();
  const fake = await httpService((seen, response) => {
    const name = /^\/docs\/(\w+)\.json$/.exec(seen.url)?.[1];
    if (name) return sendJson(response, documentOf(name, operations.get(name) ?? [], fake.url));
    return sendJson(response, { asked: seen.url });
  });
  return {
    fake,
    operations,
    asked: (name) => fake.requests.filter(({ url }) => url.startsWith(`/${name}/`)),
  };
}

function documentOf(name: string, operations: readonly string[], url: string): object {
  const parameter = (field: string, schema: object) => ({ name: field, in: 'query', schema });
  const operation = (operationId: string) => ({
    operationId,
    summary: operationId,
    description: `Does ${operationId}.`,
    parameters: [
      parameter('q', { type: 'string' }),
      parameter('state', { type: 'string', enum: ['open', 'closed', 'all'] }),
      parameter('pass', { type: 'string', format: 'password' }),
    ],
    responses: { 200: { description: 'Done.' } },
  });
  return {
    openapi: '3.1.0',
    info: { title: `The ${name} service`, version: '1' },
    servers: [{ url: `${url}/${name}` }],
    paths: Object.fromEntries(operations.map((id) => [`/${id}`, { get: operation(id) }])),
  };
}

export type Owner = { type: 'organization' | 'company' | 'user'; id: string | null };

export type Desk = {
  key: string;
  /** Connects a service with these operations; its slug is `nickname`. */
  connect(nickname: string, operations: readonly string[], auth?: 'none' | 'bearer'): Promise<Service>;
  ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** A pack of these entries; `path` is where its connectors are. */
  pack(connectors: unknown, more?: object): Promise<{ id: string; path: string; json: Json }>;
  user(originId: string, company?: string): Promise<string>;
  runtimeKey(limits?: object): Promise<{ id: string; key: string }>;
  /** Gives a connection a bearer token for an owner. */
  give(slug: string, owner: Owner, token: string): Promise<void>;
  /** Names that tools/list shows at an address. */
  list(address: string, key?: string): Promise<string[]>;
  call(address: string, tool: string, options?: { arguments?: object; key?: string }): Promise<Called>;
};

export type Service = {
  slug: string;
  id: string;
  requests(): readonly SeenRequest[];
  /** The token the service was last asked with; null without one. */
  lastToken(): string | null;
  /** The service has these operations from now on, and its connection knows. */
  become(operations: readonly string[]): Promise<void>;
  curate(tool: string, patch: object): Promise<void>;
};

export type Called = { status: number; body: Answered };

export async function openDesk(world: World, services: Services): Promise<Desk> {
  const { key } = await world.organization();
  const ask: Desk['ask'] = (method, path, body, other = key) => world.ask(method, path, { key: other, body });
  const done = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const { status, json, text } = await ask(method, path, body);
    assert.ok(status === 200 || status === 201, text);
    return json;
  };
  const made = (path: string, body: unknown): Promise<Json> => done('POST', path, body);
  const mcp = async (address: string, init: RequestInit): Promise<Called> => {
    const response = await fetch(world.url + address, init);
    return { status: response.status, body: (await response.json()) as Answered };
  };
  return {
    key,
    ask,
    async connect(nickname, operations, auth = 'none') {
      const name = `s${randomBytes(6).toString('hex')}`;
      services.operations.set(name, operations);
      const { data } = await made('/v1/connections', {
        kind: 'openapi',
        nickname,
        document_url: `${services.fake.url}/docs/${name}.json`,
        auth: { type: auth },
      });
      const requests = () => services.asked(name);
      return {
        slug: data.slug,
        id: data.id,
        requests,
        lastToken: () => /^Bearer (.*)$/.exec(requests().at(-1)?.headers.authorization ?? '')?.[1] ?? null,
        async become(next) {
          services.operations.set(name, next);
          await done('POST', `/v1/connections/${data.id}/sync`);
        },
        async curate(toolName, patch) {
          const { data: tools } = await done('GET', `/v1/connections/${data.id}/tools`);
          const { id } = tools.find((tool: Json) => tool.name === toolName)!;
          await done('PATCH', `/v1/tools/${id}`, patch);
        },
      };
    },
    async pack(connectors, more = {}) {
      const json = await made('/api/v1/tool-packs/', { name: 'Desk', connectors, ...more });
      return { id: json.id, path: `/api/v1/tool-packs/${json.id}/connectors/`, json };
    },
    async user(originId, company) {
      const group = company ? { shared_credential_group: { origin_company_id: company } } : {};
      const body = { origin_user_id: originId, origin_user_name: originId, ...group };
      return (await made('/api/v1/registered-users/', body)).id;
    },
    async runtimeKey(limits = {}) {
      const json = await made('/api/v1/access-keys/', { scopes: ['runtime:all'], ...limits });
      return { id: json.id, key: json.key };
    },
    async give(slug, owner, token) {
      await done('PUT', '/v1/credentials', { connection: slug, owner, fields: { token } });
    },
    async list(address, other = key) {
      const { body } = await mcp(address, modern('tools/list', {}, { key: other }));
      assert.ok(body.result, JSON.stringify(body));
      return (body.result['tools'] as { name: string }[]).map(({ name }) => name);
    },
    call: (address, tool, options = {}) => {
      const params = { name: tool, arguments: options.arguments ?? {} };
      return mcp(address, modern('tools/call', params, { key: options.key ?? key }));
    },
  };
}

/** What a client would put back of what it has read: all tools without names, an exact selection with them. */
export const putBack = (connectors: Json): object[] =>
  connectors.map((each: Json) => ({
    slug: each.slug,
    auth_scope: each.auth_scope,
    ...(each.selection === 'all' ? {} : { tool_names: each.tools.map((tool: Json) => tool.name) }),
  }));

/** `slug: tools` of each connector, `*` for all tools. */
export const said = (connectors: Json): Record<string, string> =>
  Object.fromEntries(
    connectors.map((each: Json) => [
      each.slug,
      `${each.auth_scope} ${each.selection === 'all' ? '*' : each.tools.map((tool: Json) => tool.name).join(',')}`,
    ]),
  );

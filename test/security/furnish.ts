import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { parseId, prefixed } from '../../src/kernel/index.ts';
import { scriptedMcp, result, textResult, type ScriptedMcp } from '../fakes/scripted-mcp.ts';
import { shop, type Shop } from '../fakes/shop.ts';
import type { Answer, Json, World } from '../world.ts';

// An organization with one of everything, each under a name found nowhere else.

/** What can be named in a path, a query or a body: an id or a slug of each noun. */
export type Things = {
  organization: string;
  organizationSlug: string;
  workspace: string;
  workspaceSlug: string;
  connection: string;
  connectionSlug: string;
  connector: string;
  tool: string;
  toolName: string;
  toolSlug: string;
  pack: string;
  packSlug: string;
  user: string;
  originUser: string;
  company: string;
  key: string;
  credential: string;
  app: string;
  call: string;
  approval: string;
  webhook: string;
  agent: string;
  agentHandle: string;
  vaultSecret: string;
  instance: string;
};

export type Furnished = {
  /** In every name this organization gives. */
  tag: string;
  adminKey: string;
  things: Things;
  /** Texts of other connections, keys and so on, for scans. */
  marks: readonly string[];
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
};

export type Services = { store: Shop; server: ScriptedMcp; close(): Promise<void> };

export async function openServices(): Promise<Services> {
  const store = await shop();
  const server = await scriptedMcp({
    era: 'modern',
    tools: [{ name: 'echo', description: 'Says it again.', inputSchema: { type: 'object' } }],
    call: (message, response) => result(response, message.id, textResult('said')),
  });
  return {
    store,
    server,
    async close() {
      await store.close();
      await server.close();
    },
  };
}

export const newTag = (): string => `q${randomBytes(5).toString('hex')}`;

export async function furnish(world: World, services: Services): Promise<Furnished> {
  const { id, slug, key: adminKey } = await world.organization();
  return furnishWith(world, services, { id, slug, adminKey, workspaceSlug: null });
}

/** The same again in an organization there is: its connections in a workspace of its own where one is named. */
export async function furnishWith(
  world: World,
  services: Services,
  where: { id: string; slug: string; adminKey: string; workspaceSlug: string | null },
): Promise<Furnished> {
  const { adminKey } = where;
  const tag = newTag();
  const ask = (method: string, path: string, body?: unknown) =>
    world.ask(method, path, { key: adminKey, body });
  const make = async (method: string, path: string, body: unknown): Promise<Json> => {
    const answer = await ask(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.text}`);
    return answer.json.data ?? answer.json;
  };

  const workspace = await make('POST', `/v1/orgs/${where.slug}/workspaces`, {
    slug: `ws-${tag}`,
    name: `Space ${tag}`,
  });
  const connection = await make('POST', '/v1/connections', {
    kind: 'openapi',
    nickname: `shop ${tag}`,
    document: services.store.document,
    auth: { type: 'bearer', token: `token-${tag}` },
    ...(where.workspaceSlug === null ? {} : { workspace: workspace.id }),
  });
  const second = await make('POST', '/v1/connections', {
    kind: 'mcp',
    nickname: `mcp ${tag}`,
    server_url: services.server.url,
  });
  const third = await make('POST', '/v1/connections', {
    kind: 'catalog',
    connector: 'slack',
    nickname: `slack ${tag}`,
    credential: { token: `xoxb-${tag}` },
  });
  const tools = await make('GET', `/v1/connections/${connection.id}/tools`, undefined);
  const tool = tools.find((each: Json) => each.name === 'list_orders');
  await make('PATCH', `/v1/tools/${tool.id}`, { inputs: { limit: { mode: 'pinned', value: 5 } } });
  const user = await make('POST', '/v1/users', {
    origin_user_id: `user-${tag}`,
    origin_user_name: `Name ${tag}`,
    shared_credential_group: { origin_company_id: `company-${tag}`, origin_company_name: `Company ${tag}` },
  });
  const pack = await make('POST', '/v1/packs', {
    name: `pack ${tag}`,
    entries: [
      { slug: connection.slug, auth_scope: 'ORGANIZATION' },
      { slug: second.slug, auth_scope: 'ORGANIZATION', selection: 'exactly', tools: ['echo'] },
    ],
  });
  await make('PATCH', `/api/v1/tool-packs/${pack.id}/tool-description-overrides/`, [
    { connector_slug: connection.slug, tool_name: 'get_order', description: `Words ${tag}` },
  ]);
  await make('PATCH', '/api/v1/connectors/tool-description-overrides/', [
    { connector_slug: connection.slug, tool_name: 'delete_order', description: `Words everywhere ${tag}` },
  ]);
  await make('PATCH', `/api/v1/tool-packs/${pack.id}/tool-input-overrides/`, [
    {
      connector_slug: connection.slug,
      tool_name: 'list_orders',
      inputs: { status: { mode: 'default', value: 'open' } },
    },
  ]);
  const key = await make('POST', '/v1/keys', { name: `key ${tag}`, scopes: ['runtime:all', 'packs:read'] });
  const owned = (type: string, ownerId: string) => ({
    connection: connection.slug,
    owner: { type, id: ownerId },
    fields: { token: `own-${type}-${tag}` },
  });
  const credential = await make('PUT', '/v1/credentials', owned('user', user.id));
  await make('PUT', '/v1/credentials', owned('company', `company-${tag}`));
  const { call_id: call } = await make('POST', '/v1/calls', {
    pack: pack.slug,
    tool: `${connection.slug}__list_orders`,
    user: user.id,
  });
  await make('POST', '/v1/calls', { pack: pack.slug, tool: `${second.slug}__echo` });
  const denied = await ask('POST', '/v1/calls', {
    pack: pack.slug,
    tool: `${connection.slug}__list_orders`,
    arguments: { limit: 6 },
  });
  assert.equal(denied.json.isError, true, denied.text);

  const { structuredContent: asked } = await make('POST', '/v1/calls', {
    pack: pack.slug,
    tool: `${connection.slug}__delete_order`,
    arguments: { id: 7 },
  });

  const webhook = await make('POST', '/v1/webhooks', {
    url: `${services.store.url}/hook-${tag}`,
    events: ['agent.deactivated'],
  });
  await make('POST', `/v1/webhooks/${webhook.id}/test`, undefined);

  const app = await make('POST', '/api/v1/application-credentials/', {
    connector_slug: 'slack',
    client_id: `client-${tag}`,
    client_secret: `client-secret-${tag}`,
    external_id: `app-${tag}`,
  });
  await make('POST', `/v1/connections/${third.id}/connect`, undefined);

  const agent = await make('POST', '/v1/agents', {
    handle: `agent${tag}`,
    description: `Agent ${tag}`,
    tools: [{ name: 'get_order', connector_id: connection.id }],
  });

  const { vault_id: vaultSecret } = await make('POST', `/v1/orgs/${where.slug}/vault/secrets`, {
    name: `secret ${tag}`,
    value: `vaulted-${tag}`,
    workspace_id: workspace.id,
  });

  const { instance_id: instance } = await make(
    'POST',
    `/v1/orgs/${where.slug}/workspaces/${workspace.slug}/tool-instances`,
    { tool_id: 'slack', name: `instance ${tag}`, namespace_id: `space-${tag}` },
  );

  const things: Things = {
    organization: where.id,
    organizationSlug: where.slug,
    workspace: workspace.id,
    workspaceSlug: workspace.slug,
    connection: connection.id,
    connectionSlug: connection.slug,
    connector: connection.connector.slug,
    tool: tool.id,
    toolName: tool.name,
    toolSlug: tool.slug,
    pack: pack.id,
    packSlug: pack.slug,
    user: user.id,
    originUser: `user-${tag}`,
    company: `company-${tag}`,
    key: key.id,
    credential: credential.id,
    app: app.id,
    call,
    approval: asked.approval_id,
    webhook: webhook.id,
    agent: parseId(agent.id)!,
    agentHandle: agent.handle,
    vaultSecret,
    instance,
  };
  const ids = [...Object.values(things), second.id, third.id].filter((text) => /^[0-9a-f-]{36}$/.test(text));
  const marks = [tag, ...ids, ...ids.map((each) => prefixed('', each).slice(1))];
  return { tag, adminKey, things, marks, ask };
}

/** The same names as `like`, of nothing that ever was. */
export function absentLike(like: Things): Things {
  const hex = () => randomBytes(12).toString('hex');
  const uuid = (): string => {
    const text = hex();
    return `${text.slice(0, 8)}-${text.slice(8, 12)}-8${text.slice(12, 15)}-8${text.slice(15, 18)}-${text.slice(18, 24)}${text.slice(0, 6)}`;
  };
  return Object.fromEntries(
    Object.entries(like).map(([noun, text]) => {
      if (/^[0-9a-f-]{36}$/.test(text)) return [noun, uuid()];
      // Of the same length and characters, so that only existence can tell them apart.
      return [
        noun,
        text.replace(/q[0-9a-f]{10}/g, newTag()).replace(/org-[0-9a-f]{12}/, `org-${hex().slice(0, 12)}`),
      ];
    }),
  ) as Things;
}

import { z } from '@hono/zod-openapi';
import { createAgent, deleteAgent, getAgent, listAgents, updateAgent } from '../../../../agents/index.ts';
import { measureImpact } from '../../../../revisions/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { connectorsContract as contract } from '../errors.ts';
import { readAgent, writeAgent, writeWholeAgent } from './codec.ts';
import {
  agentParams,
  agentSchema,
  createAgentBody,
  newAgentSchema,
  updateAgentBody,
  wholeAgentSchema,
} from './schema.ts';

const facts = { contract, tag: 'Agents' } as const;

export const agentRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'agents:read',
    method: 'get',
    path: '/v1/agents',
    summary: 'List agents, newest first',
    query: z.object(cursorQuery()),
    status: 200,
    answer: listedByCursor(agentSchema),
    handle: async (asked) =>
      cursorList(asked, 'agents', await listAgents(asked.ctx, cursorPage(asked, 'agents')), writeAgent),
  }),
  route({
    ...facts,
    scope: 'agents:write',
    method: 'post',
    path: '/v1/agents',
    summary: 'Make an agent: tools, an address and a key of its own',
    description: 'Its key calls the tools it was given, and does nothing else.',
    body: createAgentBody,
    status: 201,
    answer: enveloped(newAgentSchema),
    handle: async (asked) => {
      const { agent, text } = await createAgent(asked.ctx, readAgent(asked.body));
      return envelope(asked, { ...writeAgent(agent), key: text });
    },
  }),
  route({
    ...facts,
    scope: 'agents:read',
    method: 'get',
    path: '/v1/agents/{id}',
    summary: 'Read an agent with the tools it was given',
    params: agentParams,
    status: 200,
    answer: enveloped(wholeAgentSchema),
    handle: async (asked) => {
      const { agent, tools } = await getAgent(asked.ctx, asked.params.id);
      return envelope(asked, writeWholeAgent(agent, tools));
    },
  }),
  route({
    ...facts,
    scope: 'agents:write',
    method: 'patch',
    path: '/v1/agents/{id}',
    summary: 'Change an agent; `tools` is the whole list',
    params: agentParams,
    query: impactQuery,
    body: updateAgentBody,
    status: 200,
    answer: enveloped(agentSchema),
    dryRunAnswer: enveloped(impactSchema),
    handle: async (asked) => {
      const { ctx, query, body } = asked;
      const { id: agentId } = asked.params;
      const update = (at: typeof ctx) => updateAgent(at, agentId, readAgent(body));
      if (!query.dry_run) return envelope(asked, writeAgent(await update(ctx)));
      return envelope(asked, writeImpact(await measureImpact(ctx, { agentId }, update)));
    },
  }),
  route({
    ...facts,
    scope: 'agents:delete',
    method: 'delete',
    path: '/v1/agents/{id}',
    summary: 'Remove an agent; its key lets nobody in any more',
    params: agentParams,
    status: 204,
    answer: null,
    handle: async ({ ctx, params }) => deleteAgent(ctx, params.id),
  }),
];

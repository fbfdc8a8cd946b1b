import { z } from '@hono/zod-openapi';
import { createAgent, deleteAgent, getAgent, listAgents, updateAgent } from '../../../../agents/index.ts';
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
    body: updateAgentBody,
    status: 200,
    answer: enveloped(agentSchema),
    handle: async (asked) => {
      const { ctx, params, body } = asked;
      return envelope(asked, writeAgent(await updateAgent(ctx, params.id, readAgent(body))));
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

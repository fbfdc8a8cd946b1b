import { z } from '@hono/zod-openapi';
import { callStats, getCall, listCalls } from '../../../../access/index.ts';
import { readTurnName } from '../../../../gateway/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { idField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { readAddress, readCallFilter, writeAnswer, writeCall } from './codec.ts';
import { callBody, callFilter, callResultSchema, callSchema, callStatSchema } from './schema.ts';
import { streamCalls } from './stream-calls.ts';

const facts = { contract, tag: 'Calls', scope: 'calls:read' } as const;

export const callRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'runtime:all',
    kind: 'call',
    method: 'post',
    path: '/v1/calls',
    summary: 'Call a tool of a pack, or of an agent',
    description:
      'What the tool said, errors of the call included, is the result, as in MCP’s tools/call. `X-Turn-Id` names ' +
      'the turn it belongs to, for limits per turn.',
    body: callBody,
    status: 200,
    answer: callResultSchema,
    handle: async (asked) => {
      const { deps, ctx, body, signal, incoming } = asked;
      const answer = await deps.gateway.call({
        caller: ctx.caller,
        address: readAddress(body),
        tool: body.tool,
        arguments: body.arguments ?? {},
        protocol: 'rest',
        turn: readTurnName(incoming.headers['x-turn-id']),
        signal,
      });
      return writeAnswer(answer);
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/calls',
    summary: 'List calls, newest first',
    query: z.object({ ...cursorQuery(), ...callFilter }),
    status: 200,
    answer: listedByCursor(callSchema),
    handle: async (asked) => {
      const filter = readCallFilter(asked.query);
      return cursorList(
        asked,
        'calls',
        await listCalls(asked.ctx, filter, cursorPage(asked, 'calls')),
        writeCall,
      );
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/calls/stats',
    summary: 'Calls, time and bytes by tool and outcome',
    query: z.object(callFilter),
    status: 200,
    answer: enveloped(z.array(callStatSchema)),
    handle: async (asked) => {
      const stats = await callStats(asked.ctx, readCallFilter(asked.query));
      const rows = stats.map(({ gateway_us, upstream_us, ...row }) => ({
        ...row,
        gateway_ms: gateway_us / 1000,
        upstream_ms: upstream_us / 1000,
      }));
      return envelope(asked, rows);
    },
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/calls/stream',
    summary: 'Calls as they end, as server-sent events named `call`',
    status: 200,
    answer: z.string(),
    answerType: 'text/event-stream',
    handle: async (asked) => streamCalls(asked),
  }),
  route({
    ...facts,
    method: 'get',
    path: '/v1/calls/{id}',
    summary: 'Read one call',
    params: z.object({ id: idField<'call'>() }),
    status: 200,
    answer: enveloped(callSchema),
    handle: async (asked) => envelope(asked, writeCall(await getCall(asked.ctx, asked.params.id))),
  }),
];

import { listAudit, listCalls, listRequests } from '../../../../access/index.ts';
import { listedByPage, numberedPage, pageList } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { toolPacksContract as contract } from '../errors.ts';
import { readStatus, writeApiCall, writeAuditEvent, writeToolCall } from './codec.ts';
import {
  apiCallQuery,
  apiCallSchema,
  auditEventSchema,
  auditQuery,
  toolCallQuery,
  toolCallSchema,
} from './schema.ts';

const facts = { contract, tag: 'Logs', method: 'get', status: 200 } as const;

export const logRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'audit:read',
    path: '/api/v1/audit-log/',
    summary: 'What was changed or attempted, by whom, newest first',
    query: auditQuery,
    answer: listedByPage(auditEventSchema),
    handle: async (asked) => {
      const { event_type, created_after: from, created_before: to } = asked.query;
      const filter = { eventType: event_type?.toUpperCase(), from, to };
      return pageList(asked, await listAudit(asked.ctx, filter, numberedPage(asked)), writeAuditEvent);
    },
  }),
  route({
    ...facts,
    scope: 'calls:read',
    path: '/api/v1/logs/tool-calls/',
    summary: 'Tool calls, newest first',
    query: toolCallQuery,
    answer: listedByPage(toolCallSchema),
    handle: async (asked) => {
      const { query } = asked;
      const filter = {
        tool: query.tool_name,
        packId: query.tool_pack_id,
        registeredUserId: query.registered_user_id,
        connectionId: query.connector_id,
        outcome: readStatus(query.status),
        from: query.created_after,
        to: query.created_before,
      };
      return pageList(asked, await listCalls(asked.ctx, filter, numberedPage(asked)), writeToolCall);
    },
  }),
  route({
    ...facts,
    scope: 'audit:read',
    path: '/api/v1/logs/api-calls/',
    summary: 'Requests to this API, newest first',
    query: apiCallQuery,
    answer: listedByPage(apiCallSchema),
    handle: async (asked) => {
      const { query, deps } = asked;
      const filter = {
        keyId: query.access_key_id,
        method: query.method,
        status: query.status_code || undefined,
        from: query.created_after,
        to: query.created_before,
      };
      await deps.requestJournal.drain();
      return pageList(asked, await listRequests(asked.ctx, filter, numberedPage(asked)), writeApiCall);
    },
  }),
];

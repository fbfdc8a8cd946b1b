import { z } from '@hono/zod-openapi';
import { listAudit, verifyAuditChains } from '../../../../access/index.ts';
import { cursorList, cursorPage, cursorQuery, envelope, enveloped, listedByCursor } from '../../lists.ts';
import { timeField } from '../../read-request/index.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeAuditRow, writeChainCheck } from './codec.ts';
import { auditRowSchema, chainCheckSchema, outcomes } from './schema.ts';

export const auditRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Audit',
    scope: 'audit:read',
    method: 'get',
    path: '/v1/audit',
    summary: 'What was changed or attempted, by whom, newest first',
    query: z.object({
      ...cursorQuery(),
      action: z.string().max(100).optional(),
      actor_id: z.string().max(100).optional(),
      target_type: z.string().max(100).optional(),
      target_id: z.string().max(100).optional(),
      outcome: z.enum(outcomes).optional(),
      from: timeField().optional(),
      to: timeField().optional(),
    }),
    status: 200,
    answer: listedByCursor(auditRowSchema),
    handle: async (asked) => {
      const { action, actor_id, target_type, target_id, outcome, from, to } = asked.query;
      const filter = {
        action,
        actorId: actor_id,
        targetType: target_type,
        targetId: target_id,
        outcome,
        from,
        to,
      };
      return cursorList(
        asked,
        'audit',
        await listAudit(asked.ctx, filter, cursorPage(asked, 'audit')),
        writeAuditRow,
      );
    },
  }),
  route({
    contract,
    tag: 'Audit',
    scope: 'audit:read',
    method: 'get',
    path: '/v1/audit/verify',
    summary: 'Walk the hash chain: does every row hold, and if not, which is the first that does not',
    status: 200,
    answer: enveloped(z.array(chainCheckSchema)),
    handle: async (asked) => envelope(asked, (await verifyAuditChains(asked.ctx)).map(writeChainCheck)),
  }),
];

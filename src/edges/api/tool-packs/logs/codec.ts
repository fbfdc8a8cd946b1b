import type { z } from '@hono/zod-openapi';
import { prefixed } from '../../../../kernel/index.ts';
import type { AuditRow, CallOutcome, CallRecord, RequestRow } from '../../../../journal/index.ts';
import type { apiCallSchema, auditEventSchema, statuses, toolCallSchema } from './schema.ts';

type Status = (typeof statuses)[number];

const statusOf: Record<CallOutcome | 'started', Status> = {
  ok: 'success',
  failed: 'error',
  denied: 'blocked',
  cancelled: 'cancelled',
  unknown: 'unknown',
  started: 'started',
};

export function readStatus(status: Status | undefined): string | undefined {
  return Object.entries(statusOf).find(([, word]) => word === status)?.[0];
}

export function writeAuditEvent(row: AuditRow): z.input<typeof auditEventSchema> {
  const { actor, action, target, outcome } = row;
  return {
    id: row.id,
    user_name: actor.id ? `${actor.type} ${actor.id}` : actor.type,
    user_email: null,
    role: null,
    ip_address: null,
    event_type: action.replaceAll('.', '_').toUpperCase(),
    event_description: row.reason ?? `${action.replaceAll(/[._]/g, ' ')}: ${outcome}`,
    actor,
    target,
    outcome,
    request_id: row.requestId,
    changes: row.changes,
    created_at: row.createdAt.toISOString(),
  };
}

export function writeToolCall(call: CallRecord): z.input<typeof toolCallSchema> {
  const { gatewayUs, upstreamUs } = call;
  return {
    id: call.callId,
    tool_name: call.tool,
    tool_pack_id: call.packId,
    connector_id: call.connectionId,
    registered_user_id: call.registeredUserId,
    access_key_id: call.principal.id,
    status: statusOf[call.outcome ?? 'started'],
    error: call.outcome === 'ok' ? null : (call.reason ?? null),
    duration_ms: gatewayUs === undefined ? null : (gatewayUs + (upstreamUs ?? 0)) / 1000,
    trace_id: call.traceId,
    created_at: call.startedAt.toISOString(),
  };
}

export function writeApiCall(row: RequestRow): z.input<typeof apiCallSchema> {
  return {
    id: prefixed('req', row.requestId),
    access_key_id: row.keyId,
    method: row.method,
    path: row.path,
    status_code: row.status,
    duration_ms: row.durationUs / 1000,
    created_at: row.createdAt.toISOString(),
  };
}

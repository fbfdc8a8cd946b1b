import type { z } from '@hono/zod-openapi';
import type { Address, CallAnswer } from '../../../../gateway/index.ts';
import type { CallFilter, CallRecord } from '../../../../journal/index.ts';
import type { callBody, callFilter, callResultSchema, callSchema } from './schema.ts';

type Query = { [Name in keyof typeof callFilter]?: z.output<(typeof callFilter)[Name]> };

export function readCallFilter(query: Query): Omit<CallFilter, 'within'> {
  return {
    tool: query.tool,
    toolId: query.tool_id,
    connectionId: query.connection_id,
    packId: query.pack_id,
    principalId: query.principal_id,
    registeredUserId: query.registered_user_id,
    outcome: query.outcome,
    from: query.from,
    to: query.to,
  };
}

/** Where a call comes in: at a pack, for the user named or the key's own, or as an agent. */
export function readAddress({ pack, agent, user }: z.output<typeof callBody>): Address {
  return agent === undefined ? { pack: pack!, userId: user ?? null } : { agent, userId: null };
}

/** MCP's result as it is, and which call it was. */
export function writeAnswer({ callId, result }: CallAnswer): z.input<typeof callResultSchema> {
  const { content, structuredContent, isError } = result;
  return {
    content: [...content],
    ...(structuredContent === undefined ? {} : { structuredContent }),
    isError,
    call_id: callId,
  };
}

const milliseconds = (microseconds: number | null | undefined): number | null =>
  microseconds === null || microseconds === undefined ? null : microseconds / 1000;

export function writeCall(call: CallRecord): z.input<typeof callSchema> {
  return {
    id: call.callId,
    started_at: call.startedAt.toISOString(),
    ended_at: call.endedAt?.toISOString() ?? null,
    tool: call.tool,
    connection_id: call.connectionId,
    pack_id: call.packId,
    principal: call.principal,
    registered_user_id: call.registeredUserId,
    ran_as: call.ranAs,
    approval_id: call.approvalId ?? null,
    outcome: call.outcome ?? 'started',
    reason: call.reason ?? null,
    trace_id: call.traceId,
    gateway_ms: milliseconds(call.gatewayUs),
    upstream_ms: milliseconds(call.upstreamUs),
    bytes_raw: call.bytesRaw ?? null,
    bytes_served: call.bytesServed ?? null,
  };
}

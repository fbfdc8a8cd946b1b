import type { z } from '@hono/zod-openapi';
import type { Agent, AgentInput, ToolWish } from '../../../../agents/index.ts';
import { prefixed } from '../../../../kernel/index.ts';
import type { agentSchema, createAgentBody, updateAgentBody, wholeAgentSchema } from './schema.ts';

export function readAgent(body: z.output<typeof createAgentBody>): AgentInput & { handle: string };
export function readAgent(body: z.output<typeof updateAgentBody>): AgentInput;
export function readAgent(body: z.output<typeof updateAgentBody>): AgentInput {
  return {
    handle: body.handle,
    name: body.name,
    description: body.description,
    isActive: body.is_active,
    onConnectorFailure: body.on_connector_failure,
    tools: body.tools && body.tools.map((tool) => ({ name: tool.name, connectionId: tool.connector_id })),
  };
}

export function writeAgent(agent: Agent): z.input<typeof agentSchema> {
  return {
    id: prefixed('agent', agent.id),
    handle: agent.handle,
    name: agent.name,
    description: agent.description,
    is_active: agent.isActive,
    deactivated_reason: agent.deactivatedReason,
    deactivated_at: agent.deactivatedAt?.toISOString() ?? null,
    on_connector_failure: agent.onConnectorFailure,
    tools_count: agent.toolsCount,
    created_at: agent.createdAt.toISOString(),
    updated_at: agent.updatedAt.toISOString(),
  };
}

export function writeWholeAgent(agent: Agent, tools: readonly ToolWish[]): z.input<typeof wholeAgentSchema> {
  const shown = tools.map(({ name, connectionId }) => ({
    name,
    connector_id: prefixed('connector', connectionId),
  }));
  return { ...writeAgent(agent), tools: shown };
}

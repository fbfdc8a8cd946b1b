import { z } from '@hono/zod-openapi';
import { idField } from '../../read-request/index.ts';

export const agentParams = z.object({ id: idField<'agent'>() });

const policy = z.enum(['deactivate', 'hide_tools']);

const handle = z
  .string()
  .max(64)
  .regex(/^[a-zA-Z][a-zA-Z0-9]*$/)
  .openapi({ description: 'Names its address; unique in any case.' });

const agentFields = {
  name: z.string().min(1).max(255).nullish().openapi({ description: 'The handle unless said.' }),
  description: z.string().max(4000).nullish(),
  is_active: z.boolean().nullish().openapi({ description: 'Active unless said.' }),
  on_connector_failure: policy
    .nullish()
    .openapi({ description: 'Of a connector that can no longer sign in; `deactivate` unless said.' }),
  tools: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(256).openapi({ description: 'The tool’s bare name.' }),
        connector_id: idField<'connection'>(),
      }),
    )
    .max(1000)
    .nullish()
    .openapi({ description: 'The whole list.' }),
};

export const createAgentBody = z.strictObject({ handle, ...agentFields });
export const updateAgentBody = z.strictObject({ handle: handle.optional(), ...agentFields });

const shownFields = {
  id: z.string().openapi({ description: '`agent_` and 24 hex digits.' }),
  handle: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  is_active: z.boolean(),
  deactivated_reason: z.string().nullable(),
  deactivated_at: z.string().nullable(),
  on_connector_failure: policy,
  tools_count: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
};

export const agentSchema = z.object(shownFields).openapi('Agent');

export const wholeAgentSchema = z
  .object({ ...shownFields, tools: z.array(z.object({ name: z.string(), connector_id: z.string() })) })
  .openapi('AgentDetail');

export const newAgentSchema = z
  .object({ ...shownFields, key: z.string().openapi({ description: 'The agent’s key: here alone.' }) })
  .openapi('NewAgent');

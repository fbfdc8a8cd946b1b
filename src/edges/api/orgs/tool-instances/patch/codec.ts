import type { z } from '@hono/zod-openapi';
import { bodyProblem, Fault, type Json, type Problem } from '../../../../../kernel/index.ts';
import { setOwn, type ByField, type ConnectionPatch } from '../../../../../tools/index.ts';
import { entriesOf, readOverrides, respelled } from '../overrides/codec.ts';
import type { createBody, updateBody } from '../schema.ts';

/** The domain's names of this contract's fields, for places of errors. */
export const names = {
  connector: 'tool_id',
  config: 'configuration',
  nickname: 'name',
  action_filter: 'mcp_action_filter',
  default_inputs: 'action_defaults',
  inputs: 'mcp_parameter_overrides',
  descriptions: 'mcp_action_descriptions',
} as const;

export function readPatch(body: z.output<typeof updateBody> | z.output<typeof createBody>): ConnectionPatch {
  const problems: Problem[] = [];
  return {
    nickname: body.name,
    config: body.configuration,
    account: readAccount(body),
    actions: readActions(body),
    description: body.description,
    namespaceId: body.namespace_id,
    isActive: body.is_active,
    requiresConfirmation: body.mcp_requires_confirmation,
    maxCallsPerTurn: body.mcp_max_calls_per_turn,
    descriptionOverride: body.mcp_description_override,
    actionFilter: body.mcp_action_filter,
    defaults: readDefaults(body.action_defaults, problems),
    inputs: readOverrides(body.mcp_parameter_overrides, problems),
    descriptions: readDescriptions(body.mcp_action_descriptions, problems),
    problems,
  };
}

type Said = z.output<typeof updateBody>;

function readAccount(body: Said): ConnectionPatch['account'] {
  const { auth_mode, auth_config, credential_refs, connection_credentials: own } = body;
  const given = [auth_mode, auth_config, credential_refs, own];
  if (given.every((part) => part === undefined)) return undefined;
  return {
    authMode: auth_mode,
    authConfig: auth_config,
    credentialRefs: credential_refs,
    connectionCredentials: own && {
      clientId: own.client_id,
      clientSecretVaultId: own.client_secret_vault_id,
      callbackUrl: own.callback_url,
      scopesOverride: own.scopes_override,
    },
  };
}

function readActions({ custom_actions, custom_action_parameters }: Said): ConnectionPatch['actions'] {
  if (custom_actions === undefined && custom_action_parameters === undefined) return undefined;
  return { customActions: custom_actions, customActionParameters: custom_action_parameters };
}

type Given = { readonly [name: string]: unknown } | null | undefined;

function readDefaults(given: Given, problems: Problem[]): ConnectionPatch['defaults'] {
  if (given === undefined || given === null) return given;
  const defaults: Record<string, ByField<Json>> = {};
  for (const [action, values] of entriesOf(given, ['action_defaults'], problems)) {
    setOwn(defaults, action, values);
  }
  return defaults;
}

const longestDescription = 16_000;

function readDescriptions(given: Given, problems: Problem[]): ConnectionPatch['descriptions'] {
  if (given === undefined || given === null) return given;
  const texts: Record<string, string> = {};
  for (const [action, text] of Object.entries(given)) {
    const at = ['mcp_action_descriptions', action];
    if (text === null) continue;
    if (typeof text !== 'string') {
      problems.push(bodyProblem('string_type', at, 'Input should be a valid string', { input: text }));
    } else if (text.length > longestDescription) {
      const ctx = { max_length: longestDescription };
      const message = `String should have at most ${longestDescription} characters`;
      problems.push(bodyProblem('string_too_long', at, message, { ctx }));
    } else setOwn(texts, action, text);
  }
  return texts;
}

/** Does it, and says what is wrong with it at the places that the body has. */
export async function saidInPlace<T>(body: z.output<typeof updateBody>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Fault) || error.kind !== 'invalid') throw error;
    const problems = error.problems.map((problem) => respelled(problem, body));
    throw new Fault('invalid', error.message, { problems });
  }
}

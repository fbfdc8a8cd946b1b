import type { CallOutcome, CallStart, KeptArguments } from '../journal/index.ts';
import { isObject, type Json } from '../kernel/index.ts';
import type { Vault } from '../vault/index.ts';
import type { CompiledTool } from './compiled-tool.ts';

/** What one call's arguments may take, as JSON; larger ones are not kept. */
const maxBytes = 16 * 1024;

/** The arguments as the agent sent them, of which tool, and the pack it came in by. */
export type ToKeep = { arguments: unknown; tool: CompiledTool; packId: string };

/** Arguments as they were kept: fields that the service calls secret are named, and their values are not there. */
export type ReadArguments = { arguments: Json; withheld: readonly string[] };

/** Seals a call's arguments for its row; null where they are too large to be kept. */
export async function sealArguments(
  vault: Vault,
  { organizationId, callId }: CallStart,
  { tool, packId, arguments: args }: ToKeep,
  end: { outcome: CallOutcome; endedAt: Date },
): Promise<KeptArguments | null> {
  const text = Buffer.from(JSON.stringify(withoutSecrets(tool, args)), 'utf8');
  if (text.length > maxBytes) return null;
  return {
    organizationId,
    callId,
    connectionId: tool.connectionId,
    toolId: tool.toolId,
    packId,
    outcome: end.outcome,
    keptAt: end.endedAt,
    arguments: await vault.seal(organizationId, argumentsContext(callId), text),
  };
}

function withoutSecrets(tool: CompiledTool, args: unknown): ReadArguments {
  if (!isObject(args)) return { arguments: (args ?? {}) as Json, withheld: [] };
  const withheld = tool.secretFields(Object.keys(args));
  if (withheld.length === 0) return { arguments: args, withheld };
  const kept = Object.fromEntries(Object.entries(args).filter(([field]) => !withheld.includes(field)));
  return { arguments: kept, withheld };
}

/** Opens what was kept of a call. */
export async function openArguments(
  vault: Vault,
  organizationId: string,
  callId: string,
  sealed: KeptArguments['arguments'],
): Promise<ReadArguments> {
  const text = await vault.open(organizationId, argumentsContext(callId), sealed);
  return JSON.parse(text.toString('utf8')) as ReadArguments;
}

/** Binds sealed arguments to their call. */
const argumentsContext = (callId: string): string => `call-arguments:${callId}`;

import { setTimeout as pause } from 'node:timers/promises';
import { authorize, read } from '../access/index.ts';
import {
  checkNewConfiguration,
  movesOrigin,
  testConnection,
  wantsNewCredentials,
  type CheckedConfiguration,
  type Connection,
  type ConnectionsCtx,
} from '../connections/index.ts';
import { bodyProblem, Fault, invalid, type Json, type JsonPath } from '../kernel/index.ts';
import { isServable, toolsOfConnections, type Tool } from '../tools/index.ts';
import type { FullGateway } from './create-gateway.ts';
import type { Tried } from './try-tool.ts';

export type TryConnectionInput = {
  /** Tried in place of the saved one, and not saved. */
  config?: Readonly<Record<string, unknown>>;
  /** A tool to call, by bare name or slug; without one the service is asked whose account it is. */
  tool?: string;
  arguments?: unknown;
  /** Where in the request these stand, for error places. */
  paths: { config: JsonPath; tool: JsonPath; arguments: JsonPath };
};

/** Whether it works, for a person to read. A service that refuses or is silent is an answer, not a failure. */
export type TriedConnection = {
  ok: boolean;
  message: string;
  details: Readonly<Record<string, Json>>;
  latencyMs: number;
};

/** Whoever asks is answered within half a minute. */
export const usualPatience = 25_000;
const tooLate = { ok: false, message: 'There was no answer in time.', details: {} };

/**
 * Tries a connection, which the caller has been shown already, as the organization: asks whose account it is, or calls
 * one tool with an agent's rules of input, recorded as every call. No person is asked and no turn counts it: whoever may
 * try could turn both off. With a configuration of its own nothing is saved, and credentials stay at the origin they
 * were given for. Fault `invalid` for an unknown tool, input that the tool refuses, and a configuration that is wrong or
 * leads elsewhere.
 */
export async function tryConnection(
  gateway: Pick<FullGateway, 'tryTool'>,
  ctx: ConnectionsCtx,
  connection: Connection,
  input: TryConnectionInput,
  signal: AbortSignal,
  patience = usualPatience,
): Promise<TriedConnection> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  if (input.tool !== undefined) authorize(principal, 'runtime:all');
  const checked =
    input.config === undefined ? null : await tryOn(ctx, connection, input.config, input.paths.config);
  const instead = checked ? { address: checked.address, config: checked.values } : {};
  const tool =
    input.tool === undefined ? null : await toolNamed(ctx, connection, input.tool, input.paths.tool);
  const begun = performance.now();
  const over = new AbortController();
  const ends = AbortSignal.any([signal, over.signal]);
  const work = tool
    ? call(gateway, ctx, connection, tool, { ...input, instead }, ends)
    : ask(ctx, connection, instead);
  // What comes later than anybody waits for is nobody's.
  work.catch(() => undefined);
  try {
    const found = await Promise.race([work, pause(patience, tooLate, { signal: ends }).catch(() => work)]);
    return { ...found, latencyMs: Math.round(performance.now() - begun) };
  } finally {
    over.abort();
  }
}

type Found = Omit<TriedConnection, 'latencyMs'>;

async function tryOn(
  ctx: ConnectionsCtx,
  connection: Connection,
  given: Readonly<Record<string, unknown>>,
  path: JsonPath,
): Promise<CheckedConfiguration> {
  // Where it leads to an address that does not answer, or none we may go to, the test says so.
  const checked = await checkNewConfiguration(ctx, connection, given, path, { isReachable: false });
  if (movesOrigin(connection, checked)) throw wantsNewCredentials(path);
  if (checked.query !== null) {
    const message = 'A try keeps no secret, and the query of an address is kept as one: save it instead.';
    throw invalid(bodyProblem('value_error', path, message));
  }
  return checked;
}

async function toolNamed(
  ctx: ConnectionsCtx,
  connection: Connection,
  named: string,
  path: JsonPath,
): Promise<Tool> {
  const tools = await read(ctx, (tx) => toolsOfConnections(tx, connection.organizationId, [connection.id]));
  const tool = tools.find(({ name, slug }) => name === named || slug === named);
  if (tool) return tool;
  throw invalid(
    bodyProblem('unknown_tool', path, 'The connection has no tool of this name.', { input: named }),
  );
}

async function ask(ctx: ConnectionsCtx, connection: Connection, instead: object): Promise<Found> {
  const { ok, message, account } = await testConnection(ctx, connection.id, instead);
  return { ok, message, details: { account: account && { id: account.id, label: account.label } } };
}

async function call(
  gateway: Pick<FullGateway, 'tryTool'>,
  ctx: ConnectionsCtx,
  connection: Connection,
  tool: Tool,
  input: TryConnectionInput & { instead: object },
  signal: AbortSignal,
): Promise<Found> {
  if (!connection.isActive || !isServable(tool, connection)) {
    return { ok: false, message: 'It is turned off, so nothing was called.', details: { action: tool.name } };
  }
  const tried = await gateway.tryTool(
    ctx.caller,
    {
      tool: { id: tool.id, connectionId: connection.id },
      arguments: input.arguments ?? {},
      instead: input.instead,
    },
    signal,
  );
  if (tried.refusal) throw refused(tried.refusal, input.paths.arguments);
  return {
    ok: !tried.isError,
    message: messageOf(tried),
    details: { action: tool.name, call_id: tried.callId, sent: tried.sent, result: tried.served },
  };
}

/** Input that an agent could not send either: at its place in the request. */
function refused({ field, message, problems = [] }: NonNullable<Tried['refusal']>, path: JsonPath): Fault {
  if (problems.length > 0) {
    return invalid(
      ...problems.map((problem) => bodyProblem('value_error', [...path, ...problem.path], problem.message)),
    );
  }
  return invalid(bodyProblem('value_error', field === null ? path : [...path, field], message));
}

function messageOf({ isError, raw, served }: Tried): string {
  if (!isError) return 'The service answered.';
  // Nothing came back: what is served is our own sentence of why.
  const [first] = Array.isArray(served) ? (served as readonly Json[]) : [];
  const text = typeof first === 'object' && first !== null && 'text' in first ? first['text'] : null;
  return raw === null && typeof text === 'string' ? text : 'The service answered with an error.';
}

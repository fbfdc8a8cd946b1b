import { authorize, mayUseWorkspace, read, type Caller, type Ctx, type Principal } from '../access/index.ts';
import { findConnection, type Connection } from '../connections/index.ts';
import { Fault, invalid, notFound, type Json, type JsonObject, type Tx } from '../kernel/index.ts';
import { getPack } from '../packs/index.ts';
import {
  checkInputRules,
  countTokens,
  findTool,
  getOwn,
  isServable,
  renderResult,
  requireTool,
  type Curation,
  type PackCuration,
  type Shaped,
  type Tool,
  type ToolOfConnection,
} from '../tools/index.ts';
import { findCredentials } from '../vault/index.ts';
import { auditRefusal } from './audit-refusal.ts';
import { authorityFor } from './authority.ts';
import type { CallDeps } from './call.ts';
import { compileTool } from './compiled-tool.ts';
import { defaultCallTimeout, defaultMaxBytes } from './ctx.ts';
import { dispatchSigned } from './dispatch-signed.ts';
import { withNote } from './held-note.ts';
import { isTeachable } from './learn-shape.ts';
import { reauthRequired } from './refusals.ts';

export type TryInput = {
  tool: { id: string; connectionId?: string } | { slug: string; connectionId: string };
  arguments: unknown;
  /** A pack whose own curation of the tool applies too. */
  packId?: string | null;
  /** Curation to try instead of the saved one, part by part; nothing is saved. */
  curation?: Partial<Pick<Curation, 'inputs' | 'responseMap' | 'title' | 'description'>>;
  /** Whether a disabled tool may be tried. */
  allowDisabled?: boolean;
  /** An address and a configuration to try in place of the saved ones; credentials do not leave their origin. */
  instead?: Partial<Pick<Connection, 'address' | 'config'>>;
};

/** What was sent, what came back, and what an agent would see of it. */
export type Tried = {
  callId: string;
  isError: boolean;
  /** The final arguments, sealed values as `***`; null when the input was refused. */
  sent: JsonObject | null;
  /** Why the input was refused; null where it was not. */
  refusal: Extract<Shaped, { ok: false }> | null;
  raw: Json;
  /** Null where no response map applies. */
  narrowed: Json | null;
  served: Json;
  bytes: { raw: number; served: number };
  tokens: { raw: number; served: number };
};

/**
 * Calls a tool as the organization, with an agent's rules of input and recorded as a call, and shows both sides of
 * the curation. The service is really called. No person is asked, and no turn counts it.
 */
export async function tryTool(
  deps: CallDeps,
  caller: Caller,
  input: TryInput,
  signal: AbortSignal,
): Promise<Tried> {
  const ctx: Ctx = { database: deps.database, clock: deps.clock, caller };
  authorizeTry(caller.principal);
  const { organizationId } = caller.principal;
  const pack = input.packId ? await getPack(ctx, { id: input.packId }) : null;
  const { tool, connection, credentials } = await read(ctx, async (tx) => {
    const found = await toolOf(tx, ctx, input.tool);
    const owner = { type: 'organization' as const, id: organizationId };
    return {
      ...found,
      credentials: await findCredentials(tx, organizationId, { connectionId: found.connection.id, owner }),
    };
  });
  if (
    !connection.isActive ||
    !(isServable(tool, connection) || (input.allowDisabled && tool.definition.quarantine === null))
  ) {
    throw unavailable();
  }
  const rules = input.curation?.inputs;
  const problems = rules
    ? checkInputRules(rules, tool.definition.inputSchema, { path: ['curation', 'inputs'] })
    : [];
  if (problems.length > 0) throw invalid(...problems);
  const entry = pack?.entries.find((candidate) => candidate.connection.id === connection.id);
  const packCuration: PackCuration | null = (entry && getOwn(entry.overrides, tool.name)) ?? null;
  const tried: Tool = { ...tool, curation: { ...tool.curation, ...input.curation } };
  const compiled = compileTool(tried, { ...connection, ...input.instead }, packCuration);
  const authority = authorityFor(connection, 'ORGANIZATION', null, credentials) ?? {
    kind: 'missing' as const,
    reason: 'reauth_required' as const,
    hasLapsed: false,
    consent: null,
  };

  const hasLapsed = authority.kind === 'missing' && authority.hasLapsed;
  const timeout = deps.callTimeout ?? defaultCallTimeout;
  const recording = deps.recorder.open({
    principal: caller.principal,
    tool: tool.slug,
    protocol: 'try',
    packId: pack?.id ?? null,
    userId: null,
    toolId: tool.id,
    connectionId: connection.id,
    ranAs: authority.kind === 'missing' ? null : authority.ranAs,
    timeout,
  });
  const shaped = compiled.shape(input.arguments);
  if (!shaped.ok || authority.kind === 'missing') {
    const served: Json = shaped.ok
      ? (reauthRequired('reauth_required', connection.nickname, { hasLapsed }).content as Json)
      : [{ type: 'text', text: shaped.message }];
    const reason = shaped.ok ? 'reauth_required' : shaped.reason;
    if (!shaped.ok) await auditRefusal(ctx, { id: tool.id, name: tool.slug }, shaped, recording.callId);
    await recording.start();
    recording.end({
      outcome: 'denied',
      reason,
      upstreamMs: 0,
      bytesRaw: null,
      served: JSON.stringify(served),
    });
    return outcome({
      callId: recording.callId,
      isError: true,
      sent: shaped.ok ? shaped.validated : null,
      refusal: shaped.ok ? null : shaped,
      raw: null,
      narrowed: null,
      served,
    });
  }
  await recording.start();
  const answer = await dispatchSigned(deps, {
    tool: compiled,
    authority,
    arguments: shaped.arguments,
    signal,
    timeout,
    maxBytes: deps.maxBytes ?? defaultMaxBytes,
    traceId: recording.traceId,
  });
  const { upstreamMs } = answer;
  if ('fault' in answer || 'lapsed' in answer) {
    const { code, message } =
      'fault' in answer ? answer.fault : { code: answer.lapsed.reason, message: answer.lapsed.message };
    recording.end({ outcome: 'failed', reason: code, upstreamMs, bytesRaw: null, served: message });
    const served: Json = [{ type: 'text', text: message }];
    return outcome({
      callId: recording.callId,
      isError: true,
      sent: shaped.validated,
      refusal: null,
      raw: null,
      narrowed: null,
      served,
    });
  }
  const { reply } = answer;
  if (!reply.isError && reply.value !== undefined && isTeachable(reply.bytes))
    deps.learner.see(compiled, reply.value);
  const maxBytes = deps.maxBytes ?? defaultMaxBytes;
  const note = reply.isError ? compiled.heldNote : null;
  const rendered = withNote(renderResult(reply, compiled.project, { maxBytes }), note);
  const served: Json = rendered.structuredContent ?? (rendered.content as readonly Json[]);
  recording.end({
    outcome: reply.isError ? 'failed' : 'ok',
    reason: reply.isError ? (reply.status === null ? 'tool_error' : `status_${reply.status}`) : null,
    upstreamMs,
    bytesRaw: reply.bytes,
    served: JSON.stringify(served),
  });
  return outcome({
    callId: recording.callId,
    isError: reply.isError,
    sent: shaped.validated,
    refusal: null,
    raw: reply.value === undefined ? (reply.content as readonly Json[]) : reply.value,
    narrowed:
      compiled.project && !reply.isError && reply.value !== undefined ? compiled.project(reply.value) : null,
    served,
  });
}

const unavailable = (): Fault =>
  new Fault('invalid', 'The tool is unknown or disabled.', { code: 'ToolUnavailableError' });

/** By slug an unknown tool is as unavailable as a disabled one; its connection has to be the caller's either way. */
async function toolOf(tx: Tx, ctx: Ctx, named: TryInput['tool']): Promise<ToolOfConnection> {
  if ('id' in named) {
    return requireTool(tx, ctx, { toolId: named.id, connectionId: named.connectionId });
  }
  const { organizationId } = ctx.caller.principal;
  const connection = await findConnection(tx, organizationId, { id: named.connectionId });
  if (!connection || !mayUseWorkspace(ctx.caller.principal, connection.workspaceId)) throw notFound();
  const tool = await findTool(tx, organizationId, { slug: named.slug });
  if (!tool || tool.connectionId !== connection.id) throw unavailable();
  return { tool, connection };
}

/**
 * Trying goes round packs and may leave out pins, so it takes the right to change tools beside the right to
 * call them, and no key that is bound to packs or users.
 */
function authorizeTry(principal: Principal): void {
  authorize(principal, 'tools:write');
  authorize(principal, 'runtime:all');
  if (principal.packIds || principal.userIds) {
    throw new Fault(
      'forbidden',
      'A key bound to packs or registered users cannot try tools outside of them.',
    );
  }
}

function outcome(tried: Omit<Tried, 'bytes' | 'tokens'>): Tried {
  const raw = tried.raw === null ? '' : JSON.stringify(tried.raw);
  const served = JSON.stringify(tried.served);
  return {
    ...tried,
    bytes: { raw: Buffer.byteLength(raw), served: Buffer.byteLength(served) },
    tokens: { raw: countTokens(raw), served: countTokens(served) },
  };
}

import { authorize } from '../access/index.ts';
import { Fault, isObject } from '../kernel/index.ts';
import { renderResult, type Shaped } from '../tools/index.ts';
import { admit, decide } from './admit.ts';
import { answerConsentTool, answerLapsed, refuseMissing } from './ask-consent.ts';
import { auditRefusal, isPolicyRefusal } from './audit-refusal.ts';
import type { CallableTool, CompiledView } from './compile-view.ts';
import type { ConsentLinks } from './consent-links.ts';
import { defaultCallTimeout, defaultMaxBytes, type GatewayDeps } from './ctx.ts';
import type { Dispatched } from './dispatch.ts';
import { dispatchSigned } from './dispatch-signed.ts';
import { withNote } from './held-note.ts';
import type { ToKeep } from './kept-arguments.ts';
import { isTeachable, type ShapeLearner } from './learn-shape.ts';
import type { CallRecording, Recorder } from './records.ts';
import { sentence, upstreamResult } from './refusals.ts';
import type { CallAnswer, CallRequest, ToolResult } from './types.ts';

export type CallDeps = GatewayDeps & {
  recorder: Recorder;
  learner: ShapeLearner;
  consentLinks: ConsentLinks;
};

/**
 * One agent call, whatever the protocol: resolve the tool, shape the input, find the credential, decide, write the
 * start (with the yes it burns and the turn it counts), dispatch, project, record the end. Nothing that agents do reaches a service by another way.
 */
export async function call(deps: CallDeps, request: CallRequest, view: CompiledView): Promise<CallAnswer> {
  authorize(request.caller.principal, 'runtime:all');
  const timeout = deps.callTimeout ?? defaultCallTimeout;
  const tool = view.callable.get(request.tool);
  const consentTool = tool ? undefined : view.consentTools.get(request.tool);
  // Under bare names another connection may serve a tool of the same name: then that is the tool.
  const refused = tool || consentTool ? undefined : view.refused.get(request.tool);
  const recording = deps.recorder.open({
    principal: request.caller.principal,
    tool: request.tool,
    protocol: request.protocol,
    // An agent's own calls name it as their principal; where a key calls as an agent sees, its pack does: one id.
    packId: view.agent && request.caller.principal.type === 'agent' ? null : view.packId,
    userId: view.userId,
    toolId: (tool?.compiled ?? refused)?.toolId ?? null,
    connectionId: (tool?.compiled ?? consentTool ?? refused)?.connectionId ?? null,
    ranAs: consentTool ? 'none' : tool && tool.authority.kind !== 'missing' ? tool.authority.ranAs : null,
    timeout,
  });
  if (view.agent?.deactivated) return refuseDeactivated(recording, view.agent.deactivated);
  if (consentTool) return answerConsentTool(deps, request, view, consentTool, recording);
  if (refused) return refuse(recording, refused.reason, 'denied', refused.result);
  if (!tool) return refuseUnknown(recording);

  const shaped = tool.compiled.shape(request.arguments);
  if (!shaped.ok) return refuseInput(deps, request, view, tool, shaped, recording);
  const { authority } = tool;
  if (authority.kind === 'missing') {
    return refuseMissing(deps, request, view, tool.compiled, authority, recording);
  }

  const decided = decide(tool.compiled, shaped);
  if (decided === 'allow') await recording.start();
  else {
    const decision = { input: shaped, decided };
    const stopped = await admit(deps, request, view, { ...tool, authority }, decision, recording);
    if (stopped) return stopped;
  }
  const sent = await dispatchSigned(deps, {
    tool: tool.compiled,
    authority,
    arguments: shaped.arguments,
    signal: request.signal,
    timeout,
    maxBytes: deps.maxBytes ?? defaultMaxBytes,
    traceId: recording.traceId,
    onProgress: tool.compiled.project ? quietProgress(request) : request.onProgress,
  });
  if ('lapsed' in sent) return answerLapsed(deps, request, view, tool.compiled, sent, recording);
  return conclude(deps, request, view, tool, sent, recording);
}

/** Under a response map progress is numbers only: a service's words could hold what the map withholds. */
function quietProgress(request: CallRequest): CallRequest['onProgress'] {
  const { onProgress } = request;
  return (
    onProgress &&
    (({ progress, total }) => onProgress({ progress, ...(total === undefined ? {} : { total }) }))
  );
}

/** Unknown, disabled and forbidden are one: a denied call row, and the same fault for all. */
async function refuseUnknown(recording: CallRecording): Promise<never> {
  await recording.start();
  recording.end({ outcome: 'denied', reason: 'unknown_tool', upstreamMs: 0, bytesRaw: null, served: null });
  throw new Fault('not_found', 'There is no such tool here.', { code: 'unknown_tool' });
}

/** A deactivated agent calls nothing, whatever it asks for: a denied call row, and why. */
async function refuseDeactivated(recording: CallRecording, why: string): Promise<never> {
  await recording.start();
  recording.end({
    outcome: 'denied',
    reason: 'agent_deactivated',
    upstreamMs: 0,
    bytesRaw: null,
    served: null,
  });
  throw new Fault('forbidden', why, { code: 'agent_deactivated' });
}

async function refuse(
  recording: CallRecording,
  reason: string,
  outcome: 'denied' | 'failed',
  result: ToolResult,
  keep?: ToKeep,
): Promise<CallAnswer> {
  await recording.start();
  recording.end({ outcome, reason, upstreamMs: 0, bytesRaw: null, served: textOf(result), keep });
  return { callId: recording.callId, result };
}

async function refuseInput(
  deps: CallDeps,
  request: CallRequest,
  view: CompiledView,
  tool: CallableTool,
  shaped: Extract<Shaped, { ok: false }>,
  recording: CallRecording,
): Promise<CallAnswer> {
  const ctx = { database: deps.database, clock: deps.clock, caller: request.caller };
  await auditRefusal(ctx, { id: tool.compiled.toolId, name: tool.name }, shaped, recording.callId);
  const denied = isPolicyRefusal(shaped);
  const outcome = denied ? 'denied' : 'failed';
  return refuse(recording, shaped.reason, outcome, sentence(shaped.message), toKeep(request, view, tool));
}

/** Arguments as they came in: what becomes of them under other rules is computed anew. */
const toKeep = (request: CallRequest, view: CompiledView, { compiled }: CallableTool): ToKeep => ({
  arguments: request.arguments,
  tool: compiled,
  packId: view.packId,
});

function conclude(
  deps: CallDeps,
  request: CallRequest,
  view: CompiledView,
  tool: CallableTool,
  sent: Dispatched,
  recording: CallRecording,
): CallAnswer {
  const { upstreamMs } = sent;
  if ('fault' in sent) {
    const { code, message } = sent.fault;
    const outcome = code === 'cancelled' ? 'cancelled' : 'failed';
    const keep = outcome === 'failed' ? toKeep(request, view, tool) : undefined;
    recording.end({ outcome, reason: code, upstreamMs, bytesRaw: null, served: message, keep });
    return { callId: recording.callId, result: upstreamResult(sent.fault) };
  }
  const { reply } = sent;
  const { bytes: _bytes, ...rendered } = renderResult(reply, tool.compiled.project, {
    maxBytes: deps.maxBytes ?? defaultMaxBytes,
  });
  const result = withNote(rendered, reply.isError ? tool.compiled.heldNote : null);
  if (!reply.isError && reply.value !== undefined && isTeachable(reply.bytes)) {
    deps.learner.see(tool.compiled, reply.value);
  }
  recording.end({
    outcome: reply.isError ? 'failed' : 'ok',
    reason: reply.isError ? (reply.status === null ? 'tool_error' : `status_${reply.status}`) : null,
    upstreamMs,
    bytesRaw: reply.bytes,
    served: textOf(result),
    keep: toKeep(request, view, tool),
  });
  return { callId: recording.callId, result };
}

/** What is kept of a result, and counted as served: its text blocks. */
function textOf(result: ToolResult): string {
  const [first, ...others] = result.content;
  const text = (block: unknown): string =>
    isObject(block) && typeof block.text === 'string' ? block.text : JSON.stringify(block ?? null);
  if (first === undefined) return '';
  return others.length === 0 ? text(first) : result.content.map(text).join('\n');
}

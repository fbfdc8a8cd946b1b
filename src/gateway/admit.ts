import { admitCall, type AdmitDeps, type AskedCall, type ClientAnswer } from '../approvals/index.ts';
import { SealedValue } from '../drivers/index.ts';
import { endedBy } from '../egress/index.ts';
import { answerConfirmation, clientMayAnswer } from './answer-confirmation.ts';
import { answerLapsed } from './ask-consent.ts';
import type { CallableTool, CompiledView } from './compile-view.ts';
import type { CallAuthority, CompiledTool } from './compiled-tool.ts';
import type { ConsentLinks } from './consent-links.ts';
import type { GatewayDeps } from './ctx.ts';
import type { CallRecording } from './records.ts';
import { upstreamResult } from './refusals.ts';
import type { CallAnswer, CallRequest } from './types.ts';
import type { Shaped } from '../tools/index.ts';

type Deps = GatewayDeps & AdmitDeps & { consentLinks: ConsentLinks };
type Input = Extract<Shaped, { ok: true }>;

/** Whether a call may run as it is, asks a person first, or is counted. A value: nothing is looked up for it. */
export function decide(
  { asks, limits }: CompiledTool,
  { arguments: args }: Input,
): 'allow' | 'ask' | 'count' {
  if (asks?.(args)) return 'ask';
  return limits.length > 0 ? 'count' : 'allow';
}

/**
 * The durable step of a call that asks or is counted; its start is written with it. Null: the call may run. The
 * account is made ready before, so that no yes is burnt and nothing counted for a call that cannot be signed.
 */
export async function admit(
  deps: Deps,
  request: CallRequest,
  view: CompiledView,
  tool: CallableTool & { authority: Exclude<CallAuthority, { kind: 'missing' }> },
  { input, decided }: { input: Input; decided: 'ask' | 'count' },
  recording: CallRecording,
): Promise<CallAnswer | null> {
  const { compiled, authority } = tool;
  let credentialId: string | null = null;
  if (authority.kind === 'credential') {
    const state = await deps.keeper.ready(authority.credential);
    if (!state.ok) {
      await recording.start();
      const unsigned = { lapsed: state, credential: authority.credential, upstreamMs: 0 };
      return answerLapsed(deps, request, view, compiled, unsigned, recording);
    }
    credentialId = state.ref.credentialId;
  }
  if (request.signal.aborted) return leave(request, recording);
  const { principal, requestId } = request.caller;
  const call = decided === 'ask' ? askedCall(request, view, tool, input, credentialId) : null;
  const byMember = !clientMayAnswer(principal, view);
  const answer = call && (await answerOf(deps, request, recording));
  const admitted = await admitCall(deps, {
    start: recording.row,
    asked: call,
    answer,
    byMember,
    limits: compiled.limits,
    turn: request.turn ?? null,
    requestId,
  });
  if (admitted.kind === 'admitted') return null;
  return answerConfirmation(deps, request, { tool, call, byMember }, admitted, recording);
}

async function leave({ signal }: CallRequest, recording: CallRecording): Promise<CallAnswer> {
  const fault = endedBy(signal);
  await recording.start();
  const reason = fault.code;
  recording.end({ outcome: 'cancelled', reason, upstreamMs: 0, bytesRaw: null, served: fault.message });
  return { callId: recording.callId, result: upstreamResult(fault) };
}

/** A state that was not made for this caller is refused before anything is looked up. */
async function answerOf(
  { approvalKeys }: Deps,
  { caller, answered }: CallRequest,
  recording: CallRecording,
): Promise<ClientAnswer | null> {
  if (!answered) return null;
  try {
    const approvalId = approvalKeys.openState(caller.principal, answered.state);
    return { approvalId, action: answered.action };
  } catch (error) {
    await recording.start();
    recording.end({ outcome: 'denied', reason: 'forged_state', upstreamMs: 0, bytesRaw: null, served: null });
    throw error;
  }
}

function askedCall(
  request: CallRequest,
  view: CompiledView,
  { compiled, authority }: CallableTool,
  input: Input,
  credentialId: string | null,
): AskedCall {
  const { principal } = request.caller;
  return {
    organizationId: compiled.organizationId,
    principal: { type: principal.type, id: principal.id },
    userId: view.userId,
    packId: view.packId,
    workspaceId: compiled.workspaceId,
    toolId: compiled.toolId,
    toolUpdatedAt: compiled.toolUpdatedAt,
    tool: compiled.slug,
    connectionId: compiled.connectionId,
    version: compiled.version(),
    ranAs: authority.kind === 'missing' ? 'none' : authority.ranAs,
    credentialId,
    arguments: input.validated,
    sealedFields: Object.keys(input.arguments).filter(
      (field) => input.arguments[field] instanceof SealedValue,
    ),
    shown: compiled.show(input.validated),
    protocol: request.protocol,
  };
}

import type { Principal } from '../access/index.ts';
import { approvalUrl, type Admitted, type AdmitDeps, type AskedCall } from '../approvals/index.ts';
import { unreachable } from '../kernel/index.ts';
import type { CallableTool, CompiledView } from './compile-view.ts';
import type { CallRecording } from './records.ts';
import { sentence } from './refusals.ts';
import type { CallAnswer, CallRequest, NeededApproval, ToolResult } from './types.ts';

type Stopped = Exclude<Admitted, { kind: 'admitted' }>;
type About = { tool: CallableTool; call: AskedCall | null; byMember: boolean };

/** A person sits at the client of a plain key. Nobody watches an agent’s own, and a pack may always want a member. */
export const clientMayAnswer = (principal: Pick<Principal, 'type'>, view: CompiledView): boolean =>
  principal.type === 'key' && view.approveBy === 'client';

/** What becomes of a call that was not let through: the row's end, and the answer in words for a model. */
export function answerConfirmation(
  deps: AdmitDeps,
  request: CallRequest,
  about: About,
  stopped: Stopped,
  recording: CallRecording,
): CallAnswer {
  const { callId } = recording;
  const { reason, result } = refusalOf(deps, stopped);
  const served = (result.content as readonly { text: string }[]).map(({ text }) => text).join('\n');
  recording.end({ outcome: 'denied', reason, upstreamMs: 0, bytesRaw: null, served });
  const needed = stopped.kind === 'waiting' ? neededApproval(deps, request, about, stopped) : null;
  return needed ? { callId, result, needsApproval: needed } : { callId, result };
}

function refusalOf({ publicUrl }: AdmitDeps, stopped: Stopped): { reason: string; result: ToolResult } {
  switch (stopped.kind) {
    case 'waiting': {
      const result = sentence('', {
        error: 'confirmation_required',
        approval_id: stopped.approvalId,
        approval_url: approvalUrl(publicUrl, stopped.approvalId),
        expires_at: stopped.expiresAt.toISOString(),
      });
      const hint =
        'A person has to approve this call. When they have, call again with exactly the same arguments.';
      const content = [...result.content, { type: 'text', text: hint }];
      return { reason: 'confirmation_required', result: { ...result, content } };
    }
    case 'denied': {
      const { approvalId, memo } = stopped;
      const structured = { error: 'confirmation_denied', approval_id: approvalId, memo };
      return { reason: 'confirmation_denied', result: sentence('', structured) };
    }
    case 'too_many':
      return {
        reason: 'too_many_approvals',
        result: sentence('Too many calls wait for a person’s approval already. Wait until some are decided.'),
      };
    case 'changed':
      return { reason: 'tool_changed', result: sentence('The tool was changed just now. Call it again.') };
    case 'limited': {
      const { reached, resetsAt } = stopped;
      const what = reached.of === 'tool' ? 'this tool' : 'this connection';
      const reset = resetsAt
        ? `It resets at ${resetsAt.toISOString()} if nothing is called there before.`
        : 'It resets with the next turn.';
      const message = `The limit of ${reached.limit} calls of ${what} in one turn is reached. ${reset}`;
      const structured = {
        error: 'turn_limit_reached',
        limit: reached.limit,
        resets_at: resetsAt?.toISOString() ?? null,
        message,
      };
      return { reason: 'turn_limit', result: sentence(message, structured) };
    }
    default:
      return unreachable(stopped);
  }
}

/** Characters of a form's text at most: what a person cannot see whole they decide elsewhere. */
const longestMessage = 16_000;

/** The question for the client's own person, where the client can put it and the answer would count. */
function neededApproval(
  { approvalKeys }: AdmitDeps,
  { caller, canAsk }: CallRequest,
  { tool, call, byMember }: About,
  { approvalId, expiresAt }: Extract<Stopped, { kind: 'waiting' }>,
): NeededApproval | null {
  if (!canAsk || byMember || !call) return null;
  const args = visible(JSON.stringify(call.shown, null, 2));
  const { connectionNickname } = tool.compiled;
  const message = `Run ${call.tool} at ${visible(connectionNickname)}, ${accountOf(call)}, with these arguments?\n${args}`;
  if (message.length > longestMessage) return null;
  return { approvalId, expiresAt, message, state: approvalKeys.sealState(caller.principal, approvalId) };
}

function accountOf({ ranAs }: AskedCall): string {
  const [owner = ''] = ranAs.split(':');
  switch (owner) {
    case 'organization':
      return 'with the organization’s account';
    case 'company':
      return 'with the company’s account';
    case 'user':
      return 'with the user’s own account';
    default:
      return 'without an account';
  }
}

/** Characters nobody sees, or that turn a line round, are shown by their number: what is read is what is sent. */
const visible = (text: string): string =>
  text.replaceAll(
    /[^\P{C}\n]|[\p{Zl}\p{Zp}\p{DI}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );

import type { Principal } from '../../access/index.ts';
import type { CallRequest, NeededApproval } from '../../gateway/index.ts';
import { isObject, type Json } from '../../kernel/index.ts';
import { capabilitiesKey } from './check-headers.ts';
import type { Codec } from './codec.ts';
import { invalidParams } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { metaOf, type Message, type Params } from './message.ts';
import { readCapabilities } from './session-id.ts';
import type { Session } from './sessions.ts';

/** Names our question among the input requests of a call. */
const question = 'confirm_call';

type Action = NonNullable<CallRequest['answered']>['action'];

/** Says a message to the client before the answer; null where nothing can be said on the way. */
export type Say = ((message: string) => void) | null;

/** Whether this client can put a form before its person: asked in the result, or on the way to it. */
export function canAskForm(codec: Codec, params: Params, session: Session | null, say: Say): boolean {
  if (codec.inputRequired) return readCapabilities(metaOf(params)?.[capabilitiesKey]).elicitationForm;
  const knowsForms = codec.revision === '2025-11-25' || codec.revision === '2025-06-18';
  return knowsForms && say !== null && session?.capabilities.elicitationForm === true;
}

/** What a repeated call brings back of the question it was answered with; null where it says nothing of it. */
export function readConfirmation(codec: Codec, params: Params): CallRequest['answered'] {
  const responses = params['inputResponses'];
  if (!codec.inputRequired || !isObject(responses) || !Object.hasOwn(responses, question)) return null;
  const action = actionOf(responses[question]);
  if (!action) {
    throw invalidParams(`params.inputResponses.${question}.action must be accept, decline or cancel.`);
  }
  const state = params['requestState'];
  if (typeof state !== 'string')
    throw invalidParams('params.requestState is missing: send it back as it came.');
  return { state, action };
}

/** The question as the result of the call, with the state that comes back with its answer. */
export function askByResult(codec: Codec, { message, state }: NeededApproval): string | null {
  if (!codec.inputRequired) return null;
  const request = { method: 'elicitation/create', params: { mode: 'form', message, requestedSchema } };
  return codec.inputRequired({ [question]: request }, state);
}

/** In a form `accept` is the yes; nothing has to be filled in. */
const requestedSchema = { type: 'object', properties: {} };

/**
 * Asks on the stream of the call, and waits until somebody has decided, here or elsewhere, or the question has run
 * out. Answers who is calling by then; null where the process stops meanwhile: then the call's own result tells.
 */
export async function askOnStream(
  parts: Parts,
  codec: Codec,
  { principal, request }: Exchange,
  { approvalId, message, state }: NeededApproval,
  say: NonNullable<Say>,
  signal: AbortSignal,
): Promise<Principal | null> {
  const mode = codec.revision === '2025-11-25' ? { mode: 'form' } : {};
  const params = { ...mode, message, requestedSchema };
  say(JSON.stringify({ jsonrpc: '2.0', id: state, method: 'elicitation/create', params }));
  const until = AbortSignal.any([signal, parts.stopping]);
  await parts.gateway.untilDecided(principal, approvalId, until);
  return until.aborted ? null : parts.door.identify(request);
}

/** A client's answer to what it was asked on a stream, on whichever replica it arrives. */
export async function takeResponse(
  parts: Parts,
  { principal, address, requestId }: Exchange,
  { id, result }: Extract<Message, { kind: 'response' }>,
): Promise<void> {
  // Only questions of ours have such ids; an answer to anything else asks for nothing.
  if (typeof id !== 'string' || !id.includes('.')) return;
  const action = result === undefined ? null : actionOf(result);
  await parts.gateway.answerApproval({ principal, requestId }, address, { state: id, action });
}

function actionOf(response: Json | undefined): Action | null {
  const action = isObject(response) ? response['action'] : undefined;
  return action === 'accept' || action === 'decline' || action === 'cancel' ? action : null;
}

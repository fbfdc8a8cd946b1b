import type { NeededConsent } from '../../gateway/index.ts';
import type { Principal } from '../../access/index.ts';
import { isObject } from '../../kernel/index.ts';
import { capabilitiesKey } from './check-headers.ts';
import type { Codec } from './codec.ts';
import { invalidParams, urlElicitationRequired } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { metaOf, type Params } from './message.ts';
import { readCapabilities } from './session-id.ts';
import type { Session } from './sessions.ts';

/** Names our one question among the input requests of a call. */
const question = 'connect_account';

/** What a person answered to being sent to a page: that they go, or that they do not. */
type Answered = 'accept' | 'decline' | 'cancel';

/**
 * Sends the client's person to the page where the account is connected, in the way its revision has for that: in
 * the modern era as a result that asks for input, in 2025-11-25 as an error that names the page. Null where the
 * client did not say that it can, or was asked already: then the call's own result tells the model.
 */
export async function askConsent(
  parts: Parts,
  codec: Codec,
  params: Params,
  session: Session | null,
  { connectionId, message, url }: NeededConsent,
): Promise<string | null> {
  if (codec.inputRequired) {
    const { elicitationUrl } = readCapabilities(metaOf(params)?.[capabilitiesKey]);
    if (!elicitationUrl || readAnswer(codec, params) !== null) return null;
    const request = { method: 'elicitation/create', params: { mode: 'url', message, url } };
    return codec.inputRequired({ [question]: request });
  }
  if (codec.revision !== '2025-11-25' || !session?.capabilities.elicitationUrl) return null;
  const elicitationId = await parts.elicitations.ask(session, connectionId, url);
  throw urlElicitationRequired(message, [{ mode: 'url', elicitationId, url, message }]);
}

/** How long a person who went to the page is waited for, in ms: less than clients wait for an answer. */
const patience = 25_000;

/**
 * Waits for the account a person has gone to connect. Answers who is calling by then: a key that was revoked
 * meanwhile throws what it would throw with a new request.
 */
export async function waitForPerson(
  parts: Parts,
  { principal, address, request }: Exchange,
  tool: string,
  signal: AbortSignal,
): Promise<Principal> {
  const until = AbortSignal.any([signal, parts.stopping, AbortSignal.timeout(patience)]);
  await parts.gateway.untilConnected(principal, address, tool, until);
  return parts.door.identify(request);
}

/** What a repeated call says of the page its person was sent to; null where it says nothing of it. */
export function readAnswer(codec: Codec, params: Params): Answered | null {
  const responses = params['inputResponses'];
  if (!codec.inputRequired || responses === undefined) return null;
  if (!isObject(responses)) throw invalidParams('params.inputResponses must be an object.');
  const response = Object.hasOwn(responses, question) ? responses[question] : undefined;
  if (response === undefined) return null;
  const action = isObject(response) ? response['action'] : undefined;
  if (action === 'accept' || action === 'decline' || action === 'cancel') return action;
  throw invalidParams(`params.inputResponses.${question}.action must be accept, decline or cancel.`);
}

import { readTurnName, turnKey, type CallAnswer } from '../../gateway/index.ts';
import type { Principal } from '../../access/index.ts';
import type { Json } from '../../kernel/index.ts';
import { askByResult, askOnStream, canAskForm, readConfirmation, type Say } from './ask-approval.ts';
import { askConsent, readAnswer, waitForPerson } from './ask-consent.ts';
import { progressText, type Codec } from './codec.ts';
import { invalidParams } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { cancelledByClient } from './in-flight.ts';
import { metaOf, progressTokenOf, type Params, type Request } from './message.ts';
import { checkParamHeaders } from './param-headers.ts';
import type { Session } from './sessions.ts';

/** The result was not waited for: the client cancelled, or left. */
export const abandoned = Symbol('abandoned');

/**
 * What can be told on the way to the result. `notify` takes progress; null where nobody listens. `say` opens the way if
 * it has to: for a question without whose answer there is no result.
 */
export type Way = { notify: ((message: string) => void) | null; say: Say };

/** tools/call: hands the call to the gateway and answers its result as text. */
export async function callTool(
  parts: Parts,
  exchange: Exchange,
  codec: Codec,
  request: Request,
  session: Session | null,
  { notify, say }: Way,
): Promise<string | typeof abandoned> {
  const tool = readTool(request.params);
  if (codec.era === 'modern') {
    checkParamHeaders(exchange.view, exchange.request.headers, tool, request.params['arguments']);
  }
  const controller = new AbortController();
  const leave = session && parts.inFlight.enter(session, request.id, controller);
  const { response } = exchange;
  const onClose = (): void => {
    if (!response.writableFinished) controller.abort(cancelledByClient());
  };
  response.on('close', onClose);
  try {
    if (response.destroyed) return abandoned;
    const principal =
      readAnswer(codec, request.params) === 'accept'
        ? await waitForPerson(parts, exchange, tool, controller.signal)
        : exchange.principal;
    const run = (as: Principal): Promise<CallAnswer> =>
      parts.gateway.call({
        caller: { principal: as, requestId: exchange.requestId },
        address: exchange.address,
        tool,
        arguments: request.params['arguments'],
        protocol: `mcp/${codec.revision}`,
        signal: controller.signal,
        onProgress: progressRelay(request.params, notify),
        turn: readTurnName(exchange.request.headers['x-turn-id'], metaOf(request.params)?.[turnKey]),
        canAsk: canAskForm(codec, request.params, session, say),
        answered: readConfirmation(codec, request.params),
      });
    let answer = await run(principal);
    const { needsApproval } = answer;
    if (needsApproval && say && !codec.inputRequired) {
      const decided = await askOnStream(parts, codec, exchange, needsApproval, say, controller.signal);
      if (decided) answer = await run(decided);
    }
    if (controller.signal.aborted) return abandoned;
    const { result, needsConsent } = answer;
    const asked =
      (needsApproval && askByResult(codec, needsApproval)) ??
      (needsConsent && (await askConsent(parts, codec, request.params, session, needsConsent)));
    return asked ?? codec.callResult(result);
  } catch (error) {
    if (controller.signal.aborted) return abandoned;
    throw error;
  } finally {
    response.off('close', onClose);
    leave?.();
  }
}

function readTool(params: Params): string {
  const name: Json | undefined = params['name'];
  if (typeof name !== 'string') throw invalidParams('params.name must be a string.');
  return name;
}

type OnProgress = NonNullable<Parameters<Parts['gateway']['call']>[0]['onProgress']>;

/** Passes progress on under the client's own token, and only what moves forward. */
function progressRelay(params: Params, notify: ((message: string) => void) | null): OnProgress | undefined {
  const token = notify && progressTokenOf(params);
  if (token === null || notify === null) return undefined;
  let last = -Infinity;
  return (progress) => {
    if (!(progress.progress > last)) return;
    last = progress.progress;
    notify(progressText(token, progress));
  };
}

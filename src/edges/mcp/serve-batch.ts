import type { Json } from '../../kernel/index.ts';
import { answerRequest } from './answer-request.ts';
import { abandoned } from './call-tool.ts';
import { eraOf } from './check-headers.ts';
import { errorText, resultText } from './codec.ts';
import { invalidRequest } from './errors.ts';
import type { Exchange, Parts } from './exchange.ts';
import { idTextOf, readMessage } from './message.ts';
import { sendEmpty, sendJson } from './reply.ts';
import { explain } from './serve-request.ts';
import type { Session } from './sessions.ts';
import { takeNotification } from './take-notification.ts';

const longest = 50;

/** Throws unless this may be a batch at all: revision 2025-03-26 alone has them. */
export function checkBatch(messages: readonly Json[], revision: string): void {
  if (revision !== '2025-03-26') throw invalidRequest('Batches are not part of this protocol version.');
  if (messages.length === 0) throw invalidRequest('The batch is empty.');
  if (messages.length > longest) throw invalidRequest(`A batch holds at most ${longest} messages.`);
  if (messages.some((message) => eraOf({}, message) === 'modern')) {
    throw invalidRequest('A batch cannot hold requests of revision 2026-07-28.');
  }
}

/** Answers a batch with one array: each request as if it had come alone, in the order they were sent. */
export async function serveBatch(
  parts: Parts,
  exchange: Exchange,
  messages: readonly Json[],
  session: Session,
): Promise<void> {
  checkBatch(messages, session.revision);
  exchange.response.setMaxListeners(longest + 10); // each call watches for the client’s leaving
  const texts = await Promise.all(messages.map((message) => answerOne(parts, exchange, message, session)));
  const answers = texts.filter((text) => text !== null);
  if (answers.length === 0) sendEmpty(exchange.response, 202);
  else sendJson(exchange.response, 200, `[${answers.join(',')}]`);
}

/** Null where nothing is answered: notifications, responses, and calls cancelled meanwhile. */
async function answerOne(
  parts: Parts,
  exchange: Exchange,
  value: Json,
  session: Session,
): Promise<string | null> {
  const idText = idTextOf(value);
  try {
    const message = readMessage(value);
    if (message.kind !== 'request') {
      await takeNotification(parts, exchange, session, message);
      return null;
    }
    if (message.method === 'initialize') throw invalidRequest('initialize cannot be part of a batch.');
    const codec = parts.legacy[session.revision];
    const answer = await answerRequest(parts, exchange, codec, message, session, { notify: null, say: null });
    return answer === abandoned ? null : resultText(JSON.stringify(message.id), answer.toString());
  } catch (error) {
    const { code, message, data } = explain(parts.log, error, 'legacy', exchange.requestId);
    return errorText(idText, code, message, data);
  }
}

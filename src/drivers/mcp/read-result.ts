import { badReply } from '../../egress/index.ts';
import { isObject } from '../../kernel/index.ts';
import type { Json } from '../../kernel/index.ts';
import { removeSecrets, removeSecretsFromText } from '../remove-secrets.ts';
import type { ContentBlock, Reply } from '../types.ts';
import type { RpcAnswer } from './rpc-message.ts';

const longestMessage = 4_000;

/** Turns an answer to `tools/call` into a Reply. Throws Fault `upstream` code `bad_reply` for what is no result. */
export function readResult(answer: RpcAnswer): Reply {
  const { bytes, secrets } = answer;
  const failed = answer.status < 200 || answer.status >= 300;
  const status = failed ? answer.status : null;
  if (answer.error) {
    const said = removeSecretsFromText(answer.error.message.slice(0, longestMessage), secrets);
    // With a status of its own it is read as the error bodies of other services are: by its message.
    return { ...failure(status, bytes, said), ...(failed ? { value: { message: said } } : {}) };
  }
  if (answer.result === null && failed)
    return failure(status, bytes, `The service answered with status ${status}.`);
  return resultOf(removeSecrets(answer.result, secrets, answer.text), status, bytes);
}

export function failure(status: number | null, bytes: number, text: string): Reply {
  return { isError: true, status, value: undefined, content: [{ type: 'text', text }], bytes };
}

/** The result of a call, whichever way it came. */
export function resultOf(result: Json, status: number | null, bytes: number): Reply {
  if (!isObject(result)) throw badReply('The service answered with something that is no tool result.');
  if (result['resultType'] === 'input_required') {
    return failure(
      status,
      bytes,
      'The service asks for input in the middle of the call, which is not offered here.',
    );
  }
  const structured = result['structuredContent'];
  const content = result['content'] ?? (structured === undefined ? null : []);
  if (!Array.isArray(content) || !content.every(isBlock)) {
    throw badReply('The service answered with something that is no tool result.');
  }
  const value = structured === undefined ? valueOf(content) : structured;
  return { isError: result['isError'] === true, status, value, content, bytes };
}

function isBlock(block: Json): block is ContentBlock {
  return isObject(block) && typeof block['type'] === 'string';
}

/** A single text block that holds a JSON object or array is that value. */
function valueOf(content: readonly ContentBlock[]): Json | undefined {
  const text = content.length === 1 && content[0]!.type === 'text' ? content[0]!['text'] : undefined;
  if (typeof text !== 'string' || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

import { badReply } from '../../egress/index.ts';
import type { EgressAnswer } from '../../egress/index.ts';
import type { Json } from '../../kernel/index.ts';
import { removeSecrets, removeSecretsFromText } from '../remove-secrets.ts';
import type { Reply } from '../types.ts';
import { isJsonType } from './write-body.ts';

/** Turns an HTTP answer into a Reply. Throws Fault `upstream` code `bad_reply` for JSON that is none. */
export function readReply(answer: EgressAnswer, secrets: readonly string[]): Reply {
  const { status, body, bytes } = answer;
  const reply: Reply = {
    isError: status < 200 || status >= 300,
    status,
    value: undefined,
    content: [],
    bytes,
  };
  if (body.length === 0) return reply;
  const header = answer.headers['content-type'];
  const contentType = typeof header === 'string' ? header : '';
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();

  if (isJsonType(type)) {
    const text = body.toString('utf8');
    const value = parseJson(text);
    if (value !== undefined) return { ...reply, value: removeSecrets(value, secrets, text) };
    if (!reply.isError) throw badReply('The service said it answers with JSON and did not.');
  }
  if (type !== '' && !isTextType(type)) {
    return { ...reply, content: [textBlock(`${body.length} bytes of ${type.slice(0, 100)}, not shown.`)] };
  }
  const text = decode(body, contentType);
  if (type === '' && text.includes('\0')) {
    return { ...reply, content: [textBlock(`${body.length} bytes of unknown type, not shown.`)] };
  }
  return { ...reply, content: [textBlock(removeSecretsFromText(text, secrets))] };
}

const textBlock = (text: string): { type: 'text'; text: string } => ({ type: 'text', text });

function parseJson(text: string): Json | undefined {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text) as Json;
  } catch {
    return undefined;
  }
}

function isTextType(type: string): boolean {
  return (
    type.startsWith('text/') ||
    isJsonType(type) ||
    /[/+](?:xml|yaml|x-yaml|javascript|x-ndjson|csv|graphql)$/.test(type)
  );
}

function decode(body: Buffer, contentType: string): string {
  const charset = /charset="?([^\s";]+)/i.exec(contentType)?.[1]?.toLowerCase();
  if (charset === undefined || charset === 'utf-8' || charset === 'utf8') return body.toString('utf8');
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return body.toString('utf8');
  }
}

import { isObject, type Json, type JsonSchema } from '../kernel/index.ts';
import { mapSubschemas } from './schema-walk.ts';

export type TextFlag =
  'control_characters' | 'invisible_characters' | 'bidi_characters' | 'too_long' | 'instructions';

const control = /(?![\t\n])\p{Cc}/gu;
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
// The joiner and the emoji selector stay where they hold an emoji together.
// oxlint-disable no-misleading-character-class -- single code points, listed one by one
const invisible =
  /[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200c\u2060-\u2065\u206a-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]|(?<![\p{Extended_Pictographic}\u{1f3fb}-\u{1f3ff}\ufe0f])\u200d|\u200d(?!\p{Extended_Pictographic})|(?<![\p{Emoji}])\ufe0f/gu;
// oxlint-enable no-misleading-character-class

/** Sentences that speak to a model rather than describe a tool. Only flagged: a person decides. */
const instructions: readonly RegExp[] = [
  /\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:previous|prior|above|earlier|other|all|any)\b.{0,40}\b(?:instruction|prompt|rule|message|tool)/is,
  /\bsystem\s*(?:prompt|message|instruction)/i,
  /<\/?\s*(?:system|important|instructions?|assistant|secret|admin)\b[^>]{0,40}>/i,
  /\b(?:do not|don't|never)\b.{0,30}\b(?:tell|mention|reveal|inform|show|notify)\b.{0,30}\b(?:user|human|person|anyone)/is,
  /\b(?:before|prior to|when|after|instead of)\b.{0,40}\b(?:using|calling|invoking|use|call)\b.{0,60}\b(?:must|always|first|read|call|send)\b/is,
  /\byou (?:must|should|have to|need to) (?:always|first|also|never)\b/i,
  /\b(?:secretly|silently|covertly|without (?:telling|asking|informing|notifying))\b/i,
  /\b(?:send|post|forward|upload|exfiltrate|include|append)\b.{0,60}\b(?:api[ _-]?keys?|passwords?|credentials?|private keys?|tokens?|conversation|chat history|\.env|ssh)\b/is,
  /\byou are now\b|\bnew instructions?\b|\bact as\b.{0,20}\b(?:admin|root|system)/is,
];

/**
 * Text from a service made safe to show to people and models: control, bidirectional and invisible
 * characters gone, cut at `maxLength` characters. The flags say what was found.
 */
export function cleanText(text: string, maxLength = 4_000): { text: string; flags: readonly TextFlag[] } {
  const flags: TextFlag[] = [];
  let clean = text.length > maxLength * 4 ? text.slice(0, maxLength * 4) : text;
  clean = clean.toWellFormed().replace(/\r\n?/g, '\n');
  const strip = (characters: RegExp, flag: TextFlag): void => {
    const stripped = clean.replace(characters, '');
    if (stripped !== clean) flags.push(flag);
    clean = stripped;
  };
  strip(control, 'control_characters');
  strip(bidi, 'bidi_characters');
  strip(invisible, 'invisible_characters');
  if (clean.length > maxLength) {
    clean = `${clean
      .slice(0, maxLength - 1)
      .toWellFormed()
      .replace(/\ufffd$/, '')}…`;
    flags.push('too_long');
  }
  if (instructions.some((pattern) => pattern.test(clean))) flags.push('instructions');
  return { text: clean, flags };
}

const textLength = { title: 200, description: 4_000, $comment: 500 } as const;

/** Keywords whose values are data: a model reads them with the rest. */
const values = ['enum', 'const', 'default', 'examples', 'example'] as const;

/** Every text in a value, names of members too. */
function* textsIn(value: Json): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) {
    if (!Array.isArray(value)) yield* Object.keys(value);
    for (const inner of Object.values(value) as Json[]) yield* textsIn(inner);
  }
}

/**
 * A schema with its titles and descriptions cleaned. Names and values stay as they are, since the service
 * compares them, but are flagged.
 */
export function cleanSchema(schema: JsonSchema): { schema: JsonSchema; flags: readonly TextFlag[] } {
  const flags = new Set<TextFlag>();
  const note = (text: string, maxLength: number): string => {
    const clean = cleanText(text, maxLength);
    for (const flag of clean.flags) flags.add(flag);
    return clean.text;
  };
  const visit = (node: Json): Json => {
    if (!isObject(node)) return node;
    const copy = mapSubschemas(node, visit) as Record<string, Json>;
    for (const [keyword, maxLength] of Object.entries(textLength)) {
      const text = copy[keyword];
      if (Object.hasOwn(copy, keyword) && typeof text === 'string') copy[keyword] = note(text, maxLength);
    }
    if (isObject(node.properties)) for (const name of Object.keys(node.properties)) note(name, 200);
    for (const keyword of values) {
      if (Object.hasOwn(node, keyword)) for (const text of textsIn(node[keyword]!)) note(text, 4_000);
    }
    return copy;
  };
  return { schema: visit(schema) as JsonSchema, flags: [...flags] };
}

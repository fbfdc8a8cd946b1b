import type { Definition } from '../connectors/index.ts';
import { cleanSchema, cleanText, type TextFlag } from './clean-text.ts';

const remembered = new WeakMap<Definition, readonly TextFlag[]>();

/**
 * What a person who reviews a definition should be told of its words: sentences that speak to a model rather than
 * describe a tool, and characters that cannot be seen, which are gone from it.
 */
export function definitionFlags(definition: Definition): readonly TextFlag[] {
  const known = remembered.get(definition);
  if (known) return known;
  const { path, title, description, inputSchema, outputSchema } = definition;
  const texts = [path, title, description].map((text) => cleanText(text ?? '', 8_000));
  const schemas = [inputSchema, outputSchema ?? {}].map(cleanSchema);
  const flags = new Set([...(definition.flags ?? []), ...[...texts, ...schemas].flatMap((one) => one.flags)]);
  const found = [...flags].sort();
  remembered.set(definition, found);
  return found;
}

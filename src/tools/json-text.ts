import type { JsonObject } from '../kernel/index.ts';

const written = new WeakMap<JsonObject, string>();

/** Keeps the JSON text of a value that will not change, for as long as the value lives. Answers the value. */
export function keepText(value: JsonObject, text: string): JsonObject {
  written.set(value, text);
  return value;
}

/** A value as JSON: large replies are written once, however often they appear in an answer. */
export function jsonText(value: unknown): string {
  const kept = typeof value === 'object' && value !== null ? written.get(value as JsonObject) : undefined;
  return kept ?? JSON.stringify(value);
}

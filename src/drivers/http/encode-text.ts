import type { Fault, Json } from '../../kernel/index.ts';
import { bodyProblem, invalid } from '../../kernel/index.ts';

/** Everything but unreserved characters. */
export function encodePart(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(/[!'()*]/g, percent);
}

/** Leaves reserved characters as they are, but for those that would split a query: `& = + #`. */
export function encodeReserved(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /%(?:3A|2F|3F|5B|5D|40|24|2C|3B)/g,
    decodeURIComponent,
  );
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** One value as text: objects and arrays as JSON. */
export function plainText(value: Json): string {
  if (typeof value === 'string') return value;
  return value === null ? '' : JSON.stringify(value);
}

/** Names the input field, never what was in it. */
export function badField(field: string, message: string): Fault {
  return invalid(bodyProblem('value_error', [field], message));
}

/** Whether a text holds a control character. */
export function hasControl(text: string): boolean {
  // oxlint-disable-next-line no-control-regex
  return /[\u0000-\u001f\u007f]/.test(text);
}

import { isDeepStrictEqual } from 'node:util';

/**
 * Checks every answer at the price of one comparison: the first is read and understood, the others must be the same
 * bytes with their own number in the same places. Numbers have six digits throughout.
 */
export function createCheck(
  understand: (answer: unknown, number: number) => boolean,
): (body: Buffer, number: number) => boolean {
  let template: Buffer | null = null;
  let places: number[] = [];
  return (body, number) => {
    const digits = String(number);
    if (template === null) {
      if (!understand(JSON.parse(body.toString()), number)) return false;
      template = Buffer.from(body);
      places = placesOf(body, digits);
      return true;
    }
    for (const place of places) template.write(digits, place, 'latin1');
    return template.equals(body);
  };
}

function placesOf(body: Buffer, digits: string): number[] {
  const places: number[] = [];
  for (let at = body.indexOf(digits); at !== -1; at = body.indexOf(digits, at + 1)) places.push(at);
  return places;
}

type Result = { content: { text: string }[]; structuredContent?: unknown; isError: boolean };

/** A tools/call answer whose text, and structured content where there is some, is this value. */
export function isResultOf(value: object) {
  return (answer: unknown, id: number, expected: object = value): boolean => {
    const message = answer as { id?: number; result?: Result };
    const { result } = message;
    if (message.id !== id || !result || result.isError) return false;
    const { content, structuredContent = expected } = result;
    const shown: unknown = JSON.parse(content[0]?.text ?? 'null');
    return isDeepStrictEqual(shown, expected) && isDeepStrictEqual(structuredContent, expected);
  };
}

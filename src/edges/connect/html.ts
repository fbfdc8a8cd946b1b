/** Text that is markup already. Only `html` makes it, so that nothing from elsewhere gets by unescaped. */
export class Markup {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

export type Part = Markup | string | number | null | false | readonly Part[];

/**
 * A template whose values are escaped, in text and in quoted attributes alike; markup made by it and lists of it
 * stand as they are, null and false are nothing. Attributes must be quoted.
 */
export function html(texts: TemplateStringsArray, ...values: readonly Part[]): Markup {
  return new Markup(texts.reduce((whole, text, at) => whole + written(values[at - 1] ?? null) + text));
}

function written(part: Part): string {
  if (part === null || part === false) return '';
  if (part instanceof Markup) return part.toString();
  if (typeof part === 'object') return part.map(written).join('');
  return escape(String(part));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
// What is written from right to left, or not seen, could make one account’s name look like another’s.
const unseen =
  /[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e007f}]/gu;
const escape = (text: string): string =>
  text
    .toWellFormed()
    .replace(unseen, ' ')
    .replace(/[&<>"']/g, (sign) => entities[sign]!);

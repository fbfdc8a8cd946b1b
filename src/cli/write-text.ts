import type { Terminal } from './terminal.ts';

/** `2130` → `2,130`, whatever the machine's language. */
export const number = (value: number): string => value.toLocaleString('en-US');

export const plural = (count: number, noun: string): string =>
  `${number(count)} ${noun}${count === 1 ? '' : 's'}`;

/** Lines whose cells stand below each other. */
export function table(rows: readonly (readonly string[])[], indent = '  '): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length);
  }
  return rows.map((row) =>
    (indent + row.map((cell, index) => cell.padEnd(widths[index]!)).join('  ')).trimEnd(),
  );
}

/** What a service wrote, safe for a terminal: no control characters that could move the cursor or hide text. */
export const visible = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/g, '');

/** A person decides on what they read: characters nobody sees, or that turn a line round, are shown by number. */
export const exact = (text: string): string =>
  text.replaceAll(
    /[\p{C}\p{Zl}\p{Zp}\p{DI}]/gu,
    (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`,
  );

type Paint = (text: string) => string;
export type Paints = { strong: Paint; faint: Paint; good: Paint; bad: Paint };

/** Colours where they can be seen, and nothing elsewhere. */
export function paintsFor(terminal: Terminal): Paints {
  const paint = (code: number): Paint =>
    terminal.isColourful ? (text) => `\u001b[${code}m${text}\u001b[0m` : (text) => text;
  return { strong: paint(1), faint: paint(2), good: paint(32), bad: paint(31) };
}

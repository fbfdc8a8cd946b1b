import { misuse } from './failure.ts';
import { nearest } from './nearest.ts';
import { number, plural } from './write-text.ts';

export type Choosable = { name: string; effect: 'read' | 'write' | 'destructive'; token_cost: number };
export type Choice = 'all' | 'read' | 'none' | { names: readonly string[] };

/** `14 tools: 9 read, 5 write (2,130 tokens).` */
export function summarizeTools(tools: readonly Choosable[]): string {
  const count = (effect: Choosable['effect']): number =>
    tools.filter((tool) => tool.effect === effect).length;
  const effects = [
    [count('read'), 'read'],
    [count('write'), 'write'],
    [count('destructive'), 'destructive'],
  ] as const;
  const parts = effects.filter(([many]) => many > 0).map(([many, word]) => `${number(many)} ${word}`);
  const tokens = tools.reduce((total, tool) => total + tool.token_cost, 0);
  return `${plural(tools.length, 'tool')}${parts.length > 0 ? `: ${parts.join(', ')}` : ''} (${number(tokens)} tokens).`;
}

/** What a person answered: `all`, `read`, `none`, or names. Failure names every unknown one with its nearest. */
export function parseChoice(answer: string, tools: readonly Choosable[]): Choice {
  const words = answer.split(/[\s,]+/).filter((word) => word !== '');
  const [only] = words;
  if (words.length === 1 && (only === 'all' || only === 'read' || only === 'none')) return only;
  const known = tools.map(({ name }) => name);
  const unknown = words.filter((word) => !known.includes(word));
  if (unknown.length > 0 || words.length === 0) {
    const hints = unknown.map((word) => {
      const near = nearest(word, known);
      return near ? `“${word}” (did you mean ${near}?)` : `“${word}”`;
    });
    throw misuse(words.length === 0 ? 'Name at least one tool.' : `There is no tool ${hints.join(', ')}.`);
  }
  return { names: words };
}

/** Names of the tools that are on after a choice. */
export function chosenNames(choice: Choice, tools: readonly Choosable[]): ReadonlySet<string> {
  if (typeof choice === 'object') return new Set(choice.names);
  const on = tools.filter(({ effect }) => choice === 'all' || (choice === 'read' && effect === 'read'));
  return new Set(on.map(({ name }) => name));
}

/** One step into a reply: a member, an element, or (null) every element. */
export type Step = string | number | null;

export const maxSteps = 32;

/**
 * Reads `a.b`, `a[0]`, `a[].b`, `["odd.key"]`. Answers a sentence saying what is wrong with a text that is no
 * path. There are no expressions.
 */
export function parseResponsePath(
  text: string,
): { ok: true; steps: readonly Step[] } | { ok: false; reason: string } {
  const steps: Step[] = [];
  let at = 0;
  const wrong = (reason: string): { ok: false; reason: string } => ({ ok: false, reason });
  if (text.length > 1_024) return wrong('A path has at most 1024 characters.');
  while (at < text.length) {
    const match = next(text, at, steps.length === 0);
    if (match === null)
      return wrong(`A path is made of names, dots, [n], [] and ["name"]; see character ${at + 1}.`);
    if (match.step === '__proto__') return wrong('"__proto__" cannot be part of a path.');
    if (typeof match.step === 'number' && match.step > 99_999) return wrong('An index is at most 99999.');
    steps.push(match.step);
    at = match.end;
    if (steps.length > maxSteps) return wrong(`A path is at most ${maxSteps} steps deep.`);
  }
  return steps.length > 0 ? { ok: true, steps } : wrong('A path names at least one field.');
}

const bare = /\.?([^.[\]"*\s][^.[\]"*]*)/y;
const bracket = /\[(?:(\d{1,9})|("(?:[^"\\]|\\.)*")|)\]/y;

function next(text: string, at: number, first: boolean): { step: Step; end: number } | null {
  bracket.lastIndex = at;
  const inBrackets = bracket.exec(text);
  if (inBrackets) {
    const [whole, index, quoted] = inBrackets;
    const name = quoted === undefined ? undefined : readQuoted(quoted);
    if (name === null) return null;
    return { step: name ?? (index === undefined ? null : Number(index)), end: at + whole.length };
  }
  if ((text[at] === '.') === first) return null;
  bare.lastIndex = at;
  const name = bare.exec(text);
  return name ? { step: name[1]!, end: bare.lastIndex } : null;
}

function readQuoted(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}

/** The path of an alias, or the path itself where there is none, for comparing. */
export const stepsKey = (steps: readonly Step[]): string => JSON.stringify(steps);

/**
 * How much a backtracking engine can be made to work by a pattern: about `2 ** choices * length ** degree`.
 * An estimate from above for what it understands; null for everything else (loops in loops that can share a
 * text, back references, look-behind).
 */
export type PatternCost = { choices: number; degree: number };

/** A bounded repetition above this counts as unbounded. */
const smallRepeat = 16;
const maxChoices = 12;

/** Characters an atom may match: ASCII one by one, and a few witnesses for the rest. */
const alphabet = [...Array(128).keys()]
  .map((code) => String.fromCharCode(code))
  .concat('é', 'ß', '中', '\u2028', '😀');
type Chars = ReadonlySet<string>;
type Atom = { chars: Chars } | { alternatives: Item[][] } | { assertion: Item[][] | null };
type Item = { atom: Atom; min: number; max: number };

export function readPattern(source: string): PatternCost | null {
  try {
    const reader = new Reader(source);
    const alternatives = reader.alternatives();
    if (!reader.done()) return null;
    const cost = costOf(alternatives);
    // Without an anchor the engine starts anew at every character.
    const anchored = alternatives.every((items) => items[0] !== undefined && isStart(items[0]));
    const total = { choices: cost.choices, degree: cost.degree + (anchored ? 0 : 1) };
    return total.choices > maxChoices ? null : total;
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

class Unreadable extends Error {}
const start: Atom = { assertion: null };
const isStart = (item: Item): boolean => item.atom === start;

class Reader {
  private at = 0;
  private readonly source: string;
  constructor(source: string) {
    if (source.length > 2_000) throw new Unreadable();
    this.source = source;
  }

  done(): boolean {
    return this.at >= this.source.length;
  }

  alternatives(depth = 0): Item[][] {
    if (depth > 20) throw new Unreadable();
    const all: Item[][] = [[]];
    while (!this.done() && this.source[this.at] !== ')') {
      if (this.source[this.at] === '|') {
        this.at++;
        all.push([]);
      } else all[all.length - 1]!.push(this.item(depth));
    }
    return all;
  }

  private item(depth: number): Item {
    const atom = this.atom(depth);
    const quantifier = /^(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})\??/.exec(
      this.source.slice(this.at, this.at + 24),
    );
    if (!quantifier) return { atom, min: 1, max: 1 };
    this.at += quantifier[0].length;
    const [, sign, low, comma, high] = quantifier;
    if (sign) return { atom, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
    const min = Number(low);
    return { atom, min, max: comma ? (high ? Number(high) : Infinity) : min };
  }

  private atom(depth: number): Atom {
    const rest = this.source.slice(this.at);
    if (rest[0] === '^') return this.take(1, start);
    if (rest[0] === '$' || /^\\[bB]/.test(rest)) return this.take(rest[0] === '$' ? 1 : 2, { assertion: [] });
    if (rest[0] === '(') return this.group(depth, rest);
    const single =
      /^(?:\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[0-9a-fA-F]+\}|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\c[A-Za-z]|\\[^1-9k]|[^\\])/su.exec(
        rest,
      )?.[0];
    if (single === undefined) throw new Unreadable();
    return this.take(single.length, { chars: charsOf(single) });
  }

  private group(depth: number, rest: string): Atom {
    const opening = /^\((?:\?(?::|<[A-Za-z_$][\w$]*>|[=!]))?/.exec(rest)![0];
    if (opening === '(' && rest[1] === '?') throw new Unreadable();
    this.at += opening.length;
    const alternatives = this.alternatives(depth + 1);
    if (this.source[this.at] !== ')') throw new Unreadable();
    this.at++;
    return /^\(\?[=!]$/.test(opening) ? { assertion: alternatives } : { alternatives };
  }

  private take<Taken>(length: number, taken: Taken): Taken {
    this.at += length;
    return taken;
  }
}

function charsOf(atom: string): Chars {
  try {
    const one = new RegExp(`^${atom}$`, 'u');
    return new Set(alphabet.filter((char) => one.test(char)));
  } catch {
    throw new Unreadable();
  }
}

function costOf(alternatives: readonly Item[][]): PatternCost {
  let choices = Math.log2(alternatives.length);
  let degree = 0;
  let deepest = 0;
  for (const items of alternatives) {
    const cost = costOfSequence(items);
    degree = Math.max(degree, cost.degree);
    deepest = Math.max(deepest, cost.choices);
  }
  choices += deepest;
  return { choices, degree };
}

function costOfSequence(items: readonly Item[]): PatternCost {
  let choices = 0;
  let degree = 0;
  /** What the last unbounded repetition can swallow, until something it cannot swallow must follow. */
  let open: Chars | null = null;
  for (const { atom, min, max } of items) {
    if ('assertion' in atom) {
      const inner = atom.assertion === null ? { choices: 0, degree: 0 } : costOf(atom.assertion);
      choices += inner.choices;
      degree += inner.degree;
      continue;
    }
    const unbounded = max > smallRepeat && max !== min;
    const chars = 'chars' in atom ? atom.chars : null;
    if (unbounded) {
      if (!chars) requireDelimited(atom as { alternatives: Item[][] });
      const swallows: Chars = chars ?? allChars((atom as { alternatives: Item[][] }).alternatives);
      if (degree === 0 || (open !== null && meets(open, swallows))) degree++;
      // A repetition that must take something it alone can take closes the one before it.
      open =
        open === null || (min > 0 && !meets(open, swallows)) ? swallows : new Set([...open, ...swallows]);
    } else if (chars) {
      if (max !== min) choices += Math.log2(max - min + 1);
      if (min > 0 && open !== null && !meets(open, chars)) open = null;
    } else {
      const inner = costOf((atom as { alternatives: Item[][] }).alternatives);
      if (max > 1_000) throw new Unreadable();
      choices += inner.choices * max + Math.log2(max - min + 1);
      degree += inner.degree * Math.max(1, max);
      if (inner.degree > 0) {
        open = new Set([...(open ?? []), ...allChars((atom as { alternatives: Item[][] }).alternatives)]);
      }
    }
  }
  return { choices, degree };
}

/**
 * A group that repeats without end is safe only when one text can be divided into rounds in one way: every
 * round starts with a character that cannot occur later in it, or every round is exactly one character.
 */
function requireDelimited({ alternatives }: { alternatives: Item[][] }): void {
  if (alternatives.every((items) => items.length === 1 && isOneChar(items[0]!))) {
    const sets = alternatives.map((items) => allChars([items]));
    if (sets.some((set, index) => sets.slice(index + 1).some((other) => meets(set, other))))
      throw new Unreadable();
    return;
  }
  const [items] = alternatives;
  const [first, ...later] = items ?? [];
  if (alternatives.length !== 1 || !first || !isOneChar(first)) throw new Unreadable();
  if (later.some(({ atom }) => !('chars' in atom))) throw new Unreadable();
  if (meets(allChars([[first]]), allChars([later]))) throw new Unreadable();
  const inner = costOfSequence(later);
  if (inner.degree > 1 || inner.choices > 4) throw new Unreadable();
}

const isOneChar = ({ atom, min, max }: Item): boolean => 'chars' in atom && min === 1 && max === 1;

function allChars(alternatives: readonly (readonly Item[])[]): Chars {
  const all = new Set<string>();
  for (const { atom } of alternatives.flat()) {
    if ('chars' in atom) for (const char of atom.chars) all.add(char);
    else if ('alternatives' in atom) for (const char of allChars(atom.alternatives)) all.add(char);
  }
  return all;
}

function meets(left: Chars, right: Chars): boolean {
  for (const char of left) if (right.has(char)) return true;
  return false;
}

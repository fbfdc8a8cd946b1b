import type { Definition } from '../connectors/index.ts';
import { canonicalJson, type Json, type JsonSchema } from '../kernel/index.ts';
import { compareBindings } from './compare-bindings.ts';
import { compareSchemas } from './compare-schemas.ts';
import type { Shift } from './schema-shifts.ts';

/**
 * What a change of a tool means for who calls it. `text`: words only; `widening`: every call that worked still
 * works, and every reply holds what it held; `breaking`: it may not; `permission`: it may do more than was said yes to.
 */
export type ChangeClass = 'text' | 'widening' | 'breaking' | 'permission';

export type Difference = {
  /** JSON pointer into the tool: `/description`, `/input_schema/properties/x/enum`, `/annotations/effect`. */
  path: string;
  class: ChangeClass;
  before: Json | undefined;
  after: Json | undefined;
};

const severity: readonly ChangeClass[] = ['text', 'widening', 'breaking', 'permission'];

/** The more severe of some classes; null for none. */
export function mostSevere(classes: readonly ChangeClass[]): ChangeClass | null {
  const ranks = classes.map((one) => severity.indexOf(one));
  return ranks.length === 0 ? null : severity[Math.max(...ranks)]!;
}

/**
 * How a definition differs from an older one, and what that means. The comparison is canonical: key order, order of
 * sets and names of `$defs` make no difference; where nothing else differs the class is null. What is not understood
 * is breaking.
 */
export function classifyChange(
  before: Definition,
  after: Definition,
): { class: ChangeClass | null; diff: readonly Difference[] } {
  if (before === after || canonicalJson(before) === canonicalJson(after)) return { class: null, diff: [] };
  const diff = differencesOf(before, after);
  return { class: mostSevere(diff.map((difference) => difference.class)), diff };
}

function differencesOf(before: Definition, after: Definition): readonly Difference[] {
  const diff: Difference[] = [];
  const say = (path: string, kind: ChangeClass, was: Json | undefined, is: Json | undefined): void => {
    if (canonicalJson(was ?? null) !== canonicalJson(is ?? null)) {
      diff.push({ path, class: kind, before: was, after: is });
    }
  };
  say('/name', 'breaking', before.name, after.name);
  say('/title', 'text', before.title, after.title);
  say('/description', 'text', before.description, after.description);
  say('/annotations/effect', effectClass(before, after), before.effect, after.effect);
  say(
    '/annotations/idempotent',
    after.idempotent ? 'widening' : 'breaking',
    before.idempotent,
    after.idempotent,
  );
  // Who no longer asks a person may do more by itself.
  say('/confirm', before.confirm ? 'permission' : 'breaking', before.confirm, after.confirm);
  const isPutAside = (before.quarantine === null) !== (after.quarantine === null);
  say('/quarantine', isPutAside ? 'breaking' : 'text', before.quarantine, after.quarantine);
  // The schemas of a tool that is put aside are not what the service says.
  if (isPutAside) return diff;
  diff.push(...compareInputs(before, after), ...compareOutputs(before.outputSchema, after.outputSchema));
  for (const { path, before: was, after: is } of compareBindings(before, after))
    say(path, 'breaking', was, is);
  return diff;
}

const rank = { read: 0, write: 1, destructive: 2 } as const;

/** One that says it does less now is no yes either: who believes it asks nobody any more. */
const effectClass = (before: Definition, after: Definition): ChangeClass =>
  rank[after.effect] > rank[before.effect] ? 'permission' : 'breaking';

/** What a shift of what is sent means: asking for less is compatible. */
const ofInput: Readonly<Record<Shift, ChangeClass>> = {
  text: 'text',
  looser: 'widening',
  gained: 'widening',
  tighter: 'breaking',
  lost: 'breaking',
  moved: 'breaking',
};

/** What a shift of what comes back means: promising more is compatible. */
const ofOutput: Readonly<Record<Shift, ChangeClass>> = {
  text: 'text',
  tighter: 'widening',
  gained: 'widening',
  looser: 'breaking',
  lost: 'breaking',
  moved: 'breaking',
};

const compareInputs = (before: Definition, after: Definition): readonly Difference[] =>
  compareSchemas(before.inputSchema, after.inputSchema, '/input_schema').map(({ shift, ...rest }) => ({
    ...rest,
    class: ofInput[shift],
  }));

function compareOutputs(before: JsonSchema | null, after: JsonSchema | null): readonly Difference[] {
  if (before !== null && after !== null) {
    return compareSchemas(before, after, '/output_schema').map(({ shift, ...rest }) => ({
      ...rest,
      class: ofOutput[shift],
    }));
  }
  if (before === after) return [];
  return [
    {
      path: '/output_schema',
      class: before === null ? 'widening' : 'breaking',
      before: before ?? undefined,
      after: after ?? undefined,
    },
  ];
}

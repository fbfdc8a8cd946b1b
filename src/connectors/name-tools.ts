import { createHash } from 'node:crypto';

/** The bare name of a tool may have this many characters: agents see `<connection>__<name>`, at most 64. */
export const maxToolName = 44;

export type Nameable = { method: string; path: string; operationId: string | null };
export type ToolName = { name: string; wasCut: boolean; wasSuffixed: boolean };

/**
 * Names for all operations of a document, in the given order. A name depends on the operation itself and on
 * whether another one wants the same, never on order: the one whose id needed no change keeps it, the others
 * get a suffix from method and path. Always over the whole document, so that a selection changes no name.
 */
export function nameTools(operations: readonly Nameable[]): readonly ToolName[] {
  const drafts = operations.map((operation) => {
    const wanted = operation.operationId === null ? '' : legalName(operation.operationId);
    const full =
      wanted ||
      legalName(`${operation.method.toLowerCase()} ${operation.path}`) ||
      operation.method.toLowerCase();
    const wasCut = full.length > maxToolName;
    const name = wasCut ? withSuffix(full, hash(operation.operationId ?? full)) : full;
    return {
      name,
      wasCut,
      isExact: name === operation.operationId,
      place: `${operation.method} ${operation.path}`,
    };
  });
  const groups = Map.groupBy(drafts, (draft) => draft.name);
  const keepers = new Set<(typeof drafts)[number]>();
  for (const group of groups.values()) {
    const exact = group.filter((draft) => draft.isExact);
    if (group.length === 1) keepers.add(group[0]!);
    else if (exact.length === 1) keepers.add(exact[0]!);
  }
  const taken = new Set([...keepers].map((draft) => draft.name));
  const names = new Map<(typeof drafts)[number], string>();
  const others = drafts.filter((draft) => !keepers.has(draft)).sort((a, b) => (a.place < b.place ? -1 : 1));
  for (const draft of others) {
    let name = withSuffix(draft.name, hash(draft.place));
    for (let salt = 1; taken.has(name); salt += 1)
      name = withSuffix(draft.name, hash(`${draft.place} ${salt}`));
    taken.add(name);
    names.set(draft, name);
  }
  return drafts.map((draft) => ({
    name: names.get(draft) ?? draft.name,
    wasCut: draft.wasCut,
    wasSuffixed: names.has(draft),
  }));
}

function legalName(text: string): string {
  if (/^[a-zA-Z0-9_-]+$/.test(text) && text !== '__proto__') return text;
  return text.replaceAll(/[^a-zA-Z0-9_-]+/g, '_').replaceAll(/^[_-]+|[_-]+$/g, '');
}

function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, maxToolName - 1 - suffix.length)}_${suffix}`;
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 8);

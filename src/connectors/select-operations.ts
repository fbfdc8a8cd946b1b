import type { Problem } from '../kernel/index.ts';
import { bodyProblem, invalid } from '../kernel/index.ts';
import type { Selection } from './connector-file.ts';
import type { ListedOperation } from './list-operations.ts';

/**
 * The operations that carry one of the tags, lie under one of the paths (`/repos/*` is a prefix) or are named
 * (operation id, `GET /path` or tool name); all of them when nothing is listed. Throws Fault `invalid` naming
 * every entry that selects nothing: a misspelt one must not go unnoticed.
 */
export function selectOperations(
  operations: readonly ListedOperation[],
  include: Selection | undefined,
): readonly ListedOperation[] {
  const { tags = [], paths = [], operations: named = [] } = include ?? {};
  if (tags.length + paths.length + named.length === 0) return operations;
  const chosen = new Set<ListedOperation>();
  const problems: Problem[] = [];
  const choose = (list: string, what: string, wanted: readonly string[], index: Index) => {
    wanted.forEach((entry, position) => {
      const found = index(entry);
      for (const operation of found) chosen.add(operation);
      if (found.length > 0) return;
      const message = `The document has no ${what} ${JSON.stringify(entry)}.`;
      problems.push(bodyProblem('value_error', ['include', list, position], message, { input: entry }));
    });
  };
  choose(
    'tags',
    'tag',
    tags,
    indexBy(operations, (operation) => operation.tags),
  );
  choose('paths', 'path', paths, pathIndex(operations));
  choose('operations', 'operation', named, indexBy(operations, ({ operationId, method, path, name }) => [
    ...(operationId === null ? [] : [operationId]),
    `${method} ${path}`,
    name,
  ])); // prettier-ignore
  if (problems.length > 0) throw invalid(...problems);
  return operations.filter((operation) => chosen.has(operation));
}

type Index = (entry: string) => readonly ListedOperation[];

function indexBy(
  operations: readonly ListedOperation[],
  keysOf: (operation: ListedOperation) => readonly string[],
): Index {
  const byKey = new Map<string, ListedOperation[]>();
  for (const operation of operations) {
    for (const key of new Set(keysOf(operation))) {
      const list = byKey.get(key);
      if (list) list.push(operation);
      else byKey.set(key, [operation]);
    }
  }
  return (entry) => byKey.get(entry) ?? [];
}

function pathIndex(operations: readonly ListedOperation[]): Index {
  const exact = indexBy(operations, (operation) => [operation.path]);
  return (entry) => {
    if (!entry.endsWith('*')) return exact(entry);
    const prefix = entry.slice(0, -1);
    return operations.filter((operation) => operation.path.startsWith(prefix));
  };
}

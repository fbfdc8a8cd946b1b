import type { HttpBinding } from './definition.ts';
import type { ToolName } from './name-tools.ts';
import { nameTools } from './name-tools.ts';
import type { RawObject } from './read-document.ts';
import { refuseDocument } from './read-document.ts';
import { BrokenOperation, follow, isRaw } from './resolve-reference.ts';

/** One operation as the document has it; nothing below it has been looked at yet. */
export type ListedOperation = ToolName & {
  method: HttpBinding['method'];
  path: string;
  operationId: string | null;
  tags: readonly string[];
  item: RawObject;
  raw: RawObject;
  /** Why nothing can be made of it, where that is plain already. */
  problem: string | null;
};

/** How an operation is called in lists of what was left out: `GET /pets/{id}`. */
export const operationLabel = (operation: Pick<ListedOperation, 'method' | 'path'>): string =>
  `${operation.method} ${operation.path.length > 200 ? `${operation.path.slice(0, 200)}…` : operation.path}`;

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'] as const;
const maxOperations = 20_000;

/** All operations in the document's order, each with its name. Throws Fault where there are none or too many. */
export function listOperations(root: RawObject): readonly ListedOperation[] {
  const paths = isRaw(root['paths']) ? root['paths'] : {};
  const found: Omit<ListedOperation, keyof ToolName>[] = [];
  for (const [path, rawItem] of Object.entries(paths)) {
    if (path.startsWith('x-') || !isRaw(rawItem)) continue;
    let item = rawItem;
    try {
      // A path item may refer to a shared one and add to it.
      if (typeof rawItem['$ref'] === 'string') item = joined(follow(root, rawItem, 'Its path'), rawItem);
    } catch (error) {
      if (!(error instanceof BrokenOperation)) throw error;
      found.push({ method: 'GET', path, operationId: null, tags: [], item, raw: {}, problem: error.message });
      continue;
    }
    for (const method of methods) {
      if (!Object.hasOwn(item, method)) continue;
      const raw = item[method];
      found.push({
        method: method.toUpperCase() as HttpBinding['method'],
        path,
        operationId: operationIdOf(raw),
        tags:
          isRaw(raw) && Array.isArray(raw['tags'])
            ? raw['tags'].filter((tag) => typeof tag === 'string')
            : [],
        item,
        raw: isRaw(raw) ? raw : {},
        problem: isRaw(raw) ? pathProblem(path) : 'The operation is not an object.',
      });
    }
  }
  if (found.length === 0) throw refuseDocument('The document describes no operations.');
  if (found.length > maxOperations)
    throw refuseDocument('The document describes more than 20,000 operations.');
  const names = nameTools(found);
  return found.map((operation, index) => ({ ...operation, ...names[index]! }));
}

/** A shared path item with what this path adds, of the keys that are read. */
function joined(shared: RawObject, own: RawObject): RawObject {
  const item: { [key: string]: unknown } = {};
  for (const key of [...methods, 'parameters', 'servers']) {
    if (Object.hasOwn(own, key)) item[key] = own[key];
    else if (Object.hasOwn(shared, key)) item[key] = shared[key];
  }
  return item;
}

function operationIdOf(raw: unknown): string | null {
  const id = isRaw(raw) ? raw['operationId'] : undefined;
  return typeof id === 'string' && id.trim() !== '' && id.length <= 1000 ? id : null;
}

function pathProblem(path: string): string | null {
  if (!path.startsWith('/') || path.startsWith('//')) return 'Its path does not begin with one slash.';
  if (/[?#\\]/.test(path.replaceAll(/\{[^{}]*\}/g, '')))
    return 'Its path holds a query, a fragment or a backslash.';
  if (path.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part))) return 'Its path holds a dot segment.';
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  return /[\u0000-\u0020\u007F]/.test(path) ? 'Its path holds spaces or control characters.' : null;
}

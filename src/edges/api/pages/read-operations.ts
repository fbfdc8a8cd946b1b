import type { Documents } from '../openapi.ts';

export type Operation = { method: string; path: string; summary: string; description: string; tag: string };
export type Section = { name: string; title: string; description: string; operations: readonly Operation[] };

type Described = {
  info: { title: string; description?: string };
  paths: Record<string, Record<string, { summary?: string; description?: string; tags?: string[] }>>;
};

/** The contracts' documents as sections for people to read: Toolcrib's own first, as documents are ordered. */
export function readOperations(documents: Documents): readonly Section[] {
  return [...documents.byContract].map(([name, document]) => {
    const { info, paths } = document as Described;
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary, description, tags }]) => ({
        method: method.toUpperCase(),
        path,
        summary: summary ?? '',
        description: description ?? '',
        tag: tags?.[0] ?? '',
      })),
    );
    return { name, title: info.title, description: info.description ?? '', operations };
  });
}

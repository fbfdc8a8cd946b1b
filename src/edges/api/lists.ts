import { z } from '@hono/zod-openapi';
import { canonicalJson, type ListPage, type Page } from '../../kernel/index.ts';
import { queryInt } from './read-request/index.ts';
import type { Asked } from './route.ts';

// Own API: `cursor`, `limit` → {data, meta: {request_id, next_cursor}}

export const cursorQuery = (rule: { fallback: number; max: number } = { fallback: 25, max: 100 }) => ({
  cursor: z.string().max(2000).optional(),
  limit: queryInt({ min: 1, max: rule.max, fallback: rule.fallback }),
});

/** What a cursor is bound to: this list, this filter, this organization. */
function bindingOf(asked: Asked, list: string): string {
  const { cursor: _cursor, limit: _limit, ...filter } = asked.query as Record<string, unknown>;
  const { organizationId } = asked.ctx.caller.principal;
  return `${list}|${canonicalJson(JSON.parse(JSON.stringify(filter)))}|${organizationId}`;
}

/** The page a cursor list was asked for. Fault `invalid` at query `cursor` for another list's cursor. */
export function cursorPage(
  asked: Asked,
  list: string,
): { limit: number; after: { at: string; id: string } | null } {
  const { cursor, limit } = asked.query as { cursor?: string; limit: number };
  const { cursors } = asked.deps;
  return { limit, after: cursor === undefined ? null : cursors.decode(cursor, bindingOf(asked, list)) };
}

export function nextCursor<T>(asked: Asked, list: string, listed: Page<T>): string | null {
  return listed.next && asked.deps.cursors.encode(listed.next, bindingOf(asked, list));
}

export function cursorList<T>(
  asked: Asked,
  list: string,
  listed: Page<T>,
  write: (row: T) => unknown,
): unknown {
  const next = nextCursor(asked, list, listed);
  return { data: listed.rows.map(write), meta: { request_id: asked.requestId, next_cursor: next } };
}

/** One thing in the own API's envelope. */
export function envelope(asked: Asked, data: unknown): unknown {
  return { data, meta: { request_id: asked.requestId } };
}

export const enveloped = (data: z.ZodType) => z.object({ data, meta: z.object({ request_id: z.string() }) });

export const listedByCursor = (item: z.ZodType) =>
  z.object({
    data: z.array(item),
    meta: z.object({ request_id: z.string(), next_cursor: z.string().nullable() }),
  });

// Tool packs: `page`, `page_size` → {count, next, previous, results}

export const pageQuery = () => ({
  page: queryInt({ min: 1, cap: 1_000_000, fallback: 1 }),
  page_size: queryInt({ min: 1, cap: 100, fallback: 50 }),
});

export function numberedPage(asked: Asked): Extract<ListPage, { offset: number }> {
  const { page, page_size } = asked.query as { page: number; page_size: number };
  return { limit: page_size, offset: (page - 1) * page_size };
}

export function pageList<T>(
  asked: Asked,
  listed: Page<T> & { count: number | null },
  write: (row: T) => unknown,
): unknown {
  const { page, page_size } = asked.query as { page: number; page_size: number };
  const count = listed.count ?? 0;
  const pages = Math.ceil(count / page_size);
  return {
    count,
    next: page < pages ? pageLink(asked, page + 1) : null,
    previous: page > 1 && pages > 0 ? pageLink(asked, Math.min(page - 1, pages)) : null,
    results: listed.rows.map(write),
  };
}

function pageLink(asked: Asked, page: number): string {
  const search = new URLSearchParams(asked.search);
  search.set('page', String(page));
  return `${asked.deps.publicUrl}${asked.path}?${search.toString()}`;
}

export const listedByPage = (item: z.ZodType) =>
  z.object({
    count: z.int(),
    next: z.string().nullable(),
    previous: z.string().nullable(),
    results: z.array(item),
  });

import { createHash } from 'node:crypto';
import type { View } from '../../gateway/index.ts';
import type { Json } from '../../kernel/index.ts';
import { deriveKey, createCursors, Fault } from '../../kernel/index.ts';
import type { Codec } from './codec.ts';
import { invalidParams } from './errors.ts';

const pageSize = 1000;

/** Pages of a view as bytes, by revision and first tool; joined once per view. */
type Pages = Map<string, Buffer>;

export type ToolList = {
  /** The result of tools/list as JSON bytes. Throws the fault of a cursor that was not made for this list. */
  page(view: View, codec: Codec, cursor: Json | undefined): Buffer;
};

export function createToolList(sessionKey: Buffer): ToolList {
  const cursors = createCursors(deriveKey(sessionKey, 'mcp-tools-cursor'));
  const kept = new WeakMap<View, Pages>();

  const join = (view: View, codec: Codec, start: number): Buffer => {
    const tools = view.tools.slice(start, start + pageSize);
    const end = start + tools.length;
    const last = tools.at(-1);
    const next =
      end < view.tools.length && last
        ? cursors.encode({ at: String(end), id: last.name }, bindingOf(view))
        : null;
    return Buffer.from(codec.listPage(tools.map((tool) => codec.tool(tool)).join(','), next));
  };

  const startOf = (view: View, cursor: Json | undefined): number => {
    if (cursor === undefined) return 0;
    if (typeof cursor !== 'string') throw invalidParams('cursor must be a string.');
    try {
      const { at, id } = cursors.decode(cursor, bindingOf(view));
      return placeAfter(view, Number(at), id);
    } catch (error) {
      if (error instanceof Fault) throw invalidParams('The cursor was not made for this list.');
      throw error;
    }
  };

  return {
    page(view, codec, cursor) {
      let pages = kept.get(view);
      if (!pages) kept.set(view, (pages = new Map()));
      const start = startOf(view, cursor);
      const name = `${codec.revision} ${start}`;
      let page = pages.get(name);
      if (!page) {
        page = join(view, codec, start);
        // A list that moves under a reader has many starts; only the regular ones are worth their memory.
        if (start % pageSize === 0) pages.set(name, page);
      }
      return page;
    },
  };
}

/** Where to go on after the tool of this name, which may have moved or gone since. */
function placeAfter(view: View, place: number, name: string): number {
  if (view.tools[place - 1]?.name === name) return place;
  const found = view.tools.findIndex((tool) => tool.name === name);
  return found === -1 ? Math.min(place, view.tools.length) : found + 1;
}

const bindingOf = (view: View): string => `${view.organizationId} ${view.packId} ${view.userId ?? ''}`;

const digests = new WeakMap<View, string>();

/** Tells whether two views list the same. Made once per view, and only for views somebody listens to. */
export function digestOf(view: View): string {
  let digest = digests.get(view);
  if (digest === undefined) {
    const hash = createHash('sha256');
    for (const tool of view.tools) hash.update(tool.json).update('\n');
    digest = hash.digest('base64');
    digests.set(view, digest);
  }
  return digest;
}

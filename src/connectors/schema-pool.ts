import { createHash } from 'node:crypto';
import type { Json, JsonSchema } from '../kernel/index.ts';
import { convertSchema } from './convert-schema.ts';
import type { Dialect, OpenapiDocument } from './read-document.ts';
import { BrokenOperation, chaseAliases, isRaw, resolvePointer } from './resolve-reference.ts';
import type { Budget, Direction, SchemaContext, Trail } from './schema-context.ts';
import { newTrail, spend } from './schema-context.ts';

/** Beyond this a tool's schema is of no use to any agent, and a few hostile references make it endless. */
const maxNodes = 50_000;

type Component = { schema: Json; trail: Trail } | BrokenOperation;

/**
 * The shared schemas of one document, each converted once, when first needed, and shared between all tools
 * that use it: the schemas handed out must not be changed in place.
 */
export class SchemaPool {
  readonly context: SchemaContext;
  #components = new Map<string, Component>();

  constructor({ root, dialect }: OpenapiDocument, direction: Direction, names: DefNames, budget: Budget) {
    this.context = { root, dialect, direction, defName: (pointer) => names.nameOf(pointer), budget };
  }

  /** Converts one schema, noting its references in `trail`. Throws BrokenOperation. */
  convert(raw: unknown, trail: Trail): Json {
    return convertSchema(this.context, raw, trail);
  }

  /** As `convert`, but a reference at the top is written out, so that the result says its own type. */
  convertTop(raw: unknown, trail: Trail): Json {
    if (!isRaw(raw) || typeof raw['$ref'] !== 'string' || Object.keys(raw).length > 1)
      return this.convert(raw, trail);
    return this.convert(chaseAliases(this.context.root, raw).target, trail);
  }

  /** The `$defs` that `trail` needs, sorted by name. Throws BrokenOperation when one is broken or there are too many. */
  definitions(trail: Trail): JsonSchema | null {
    const found = new Map<string, Json>();
    const open = [...trail.references];
    const seen = new Set(open);
    let nodes = trail.nodes;
    for (let pointer = open.pop(); pointer !== undefined; pointer = open.pop()) {
      spend(this.context.budget);
      const component = this.#component(pointer);
      if (component instanceof BrokenOperation) throw component;
      nodes += component.trail.nodes;
      if (nodes > maxNodes) throw new BrokenOperation('Its schema is too large.');
      found.set(this.context.defName(pointer), component.schema);
      for (const note of component.trail.notes) trail.notes.add(note);
      for (const next of component.trail.references) {
        if (seen.has(next)) continue;
        seen.add(next);
        open.push(next);
      }
    }
    if (found.size === 0) return null;
    return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #component(pointer: string): Component {
    let component = this.#components.get(pointer);
    if (component) return component;
    try {
      const trail = newTrail();
      component = {
        schema: convertSchema(this.context, resolvePointer(this.context.root, pointer), trail),
        trail,
      };
    } catch (error) {
      if (!(error instanceof BrokenOperation)) throw error;
      component = error;
    }
    this.#components.set(pointer, component);
    return component;
  }
}

/** Names for `$defs`: a shared schema's own name, and for any other place in the document its end and a hash. */
export class DefNames {
  #prefix: string;
  #names = new Map<string, string>();

  constructor(dialect: Dialect) {
    this.#prefix = dialect === 'swagger2' ? '#/definitions/' : '#/components/schemas/';
  }

  nameOf(pointer: string): string {
    let name = this.#names.get(pointer);
    if (name === undefined) {
      name = this.#name(pointer);
      this.#names.set(pointer, name);
    }
    return name;
  }

  #name(pointer: string): string {
    const own = pointer.startsWith(this.#prefix) ? pointer.slice(this.#prefix.length) : '';
    if (/^[a-zA-Z0-9._-]{1,100}$/.test(own) && own !== '__proto__') return own;
    const end = pointer
      .slice(pointer.lastIndexOf('/') + 1)
      .replaceAll(/[^a-zA-Z0-9._-]+/g, '_')
      .slice(0, 60);
    // The colon keeps it apart from every name of the first form.
    return `${end}:${createHash('sha256').update(pointer).digest('hex').slice(0, 8)}`;
  }
}

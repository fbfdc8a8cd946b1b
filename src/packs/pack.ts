import type { Connection } from '../connections/index.ts';
import { secretsOf, type PackCuration } from '../tools/index.ts';

/** Whose credential an entry's tools run with: the user's own, their company's, or the organization's. */
export type AuthScope = 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION';

/** Which tools of the connection: all it has enabled, now and later, or exactly these bare names. */
export type ToolSelection = { kind: 'all' } | { kind: 'exactly'; names: readonly string[] };

/** One connection in a pack. */
export type PackEntry = {
  connection: Connection;
  authScope: AuthScope;
  selection: ToolSelection;
  /** What the pack says about single tools, by bare name. */
  overrides: Readonly<Record<string, PackCuration>>;
};

/** A named bundle: which connections, which of their tools, whose credential. */
export type Pack = {
  id: string;
  organizationId: string;
  /** Made of the first name; immutable. */
  slug: string;
  name: string;
  description: string;
  /** How tools are named for agents: `slug__name`, or the bare name (a pack of one connection only). */
  names: 'prefixed' | 'plain';
  approveBy: 'client' | 'member';
  mode: 'list' | 'search';
  favourites: readonly string[];
  isSample: boolean;
  createdAt: Date;
  updatedAt: Date;
  entries: readonly PackEntry[];
};

/**
 * What one item of a request asks for, in the contract's order of cases (tool-packs.md, "`tool_names`, cell
 * by cell"). `untouched` adds a new connection with all tools and leaves an existing one as it is.
 */
export type ToolsWish =
  | { kind: 'untouched' }
  | { kind: 'all' }
  | { kind: 'remove' }
  | { kind: 'exactly'; names: readonly string[] };

export type EntryWish = {
  slug?: string;
  /** A connection's id, or a catalog connector's: then its default connection is meant. */
  connectorId?: string;
  authScope?: AuthScope;
  tools: ToolsWish;
  /** What the pack says about single tools, by bare name, instead of what it said; absent leaves that. */
  overrides?: Readonly<Record<string, PackCuration>>;
};

/** The sealed values that a pack's own input rules hold. */
export const sealedIn = (entries: readonly Pick<PackEntry, 'overrides'>[]): readonly string[] =>
  entries.flatMap(({ overrides }) => Object.values(overrides).flatMap(({ inputs }) => secretsOf(inputs)));

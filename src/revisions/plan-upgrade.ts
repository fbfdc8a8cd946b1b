import type { Connection } from '../connections/index.ts';
import type { ConnectorFile } from '../connectors/index.ts';
import type { PackUse } from '../packs/index.ts';
import { carryUse } from '../packs/index.ts';
import {
  carryByName,
  carryNames,
  carryWrittenRules,
  getOwn,
  moveTool,
  newTool,
  setOwn,
  type Carry,
  type MovedTool,
  type Tool,
  type ToolCarry,
} from '../tools/index.ts';
import { movesBetween } from './migration-steps.ts';
import { placeTools } from './place-tools.ts';
import { reconnectAt } from './reconnect-at.ts';

/** What a change of version may move, as it is. */
export type RevisionState = {
  connection: Connection;
  tools: readonly Tool[];
  /** What packs say of the connection's tools, agents' own packs among them. */
  uses: readonly PackUse[];
};

/** What a change of version makes of it. Nothing is written. */
export type RevisionPlan = {
  connection: { before: Connection; after: Connection };
  tools: readonly MovedTool[];
  uses: readonly { before: PackUse; after: PackUse }[];
};

export type Making = { now: Date; newId: () => string };

/**
 * What becomes of a catalog connection at another version of its connector: tools renamed with all that was said of
 * them, new ones disabled, gone ones kept and refused. Fault `conflict` where two things said would run together, or
 * where the version wants another origin, which needs new credentials.
 */
export function planUpgrade(
  state: RevisionState,
  files: { all: readonly ConnectorFile[]; from: ConnectorFile | null; target: ConnectorFile },
  { now, newId }: Making,
): RevisionPlan {
  const { connection } = state;
  const { target } = files;
  const moves = movesBetween(files.all, connection.connectorVersion ?? target.version, target.version);
  const { placed, fresh } = placeTools(state.tools, moves, target.tools);
  const moved = placed.map(({ tool, path, name, definition, steps }): MovedTool => ({
    before: tool,
    after: moveTool(
      tool,
      { path, name, slug: slugOf(connection, name), definition, newest: null, steps },
      now,
    ),
  }));
  const last = state.tools.reduce((most, { position }) => Math.max(most, position), -1);
  const added = fresh.map((definition, index): MovedTool => {
    const slug = slugOf(connection, definition.name);
    const { organizationId, id: connectionId } = connection;
    const at = { id: newId(), organizationId, connectionId, slug, position: last + 1 + index };
    return { before: null, after: newTool(at, definition, now) };
  });
  const carry: Carry = new Map([
    ...state.tools.map(({ name }): [string, ToolCarry] => [name, { name, steps: [] }]),
    ...placed.map(({ tool, name, steps }): [string, ToolCarry] => [tool.name, { name, steps }]),
    // Nobody had them, so under no tool's name: what was said of their names was said of something else.
    ...fresh.map(({ name }): [string, ToolCarry] => [`~${name}`, { name, steps: [] }]),
  ]);
  return {
    connection: { before: connection, after: moveConnection(connection, state.tools, files, carry, now) },
    tools: [...moved, ...added],
    uses: state.uses.map((use) => ({ before: use, after: carryUse(use, connection.slug, carry) })),
  };
}

const slugOf = ({ slug }: Connection, name: string): string => `${slug}__${name}`;

function moveConnection(
  connection: Connection,
  tools: readonly Tool[],
  files: { from: ConnectorFile | null; target: ConnectorFile },
  carry: Carry,
  now: Date,
): Connection {
  return {
    ...connection,
    ...reconnectAt(connection, files.from, files.target),
    connectorVersion: files.target.version,
    actionFilter: connection.actionFilter && carryNames(connection.actionFilter, carry),
    writtenRules: carryByName(wordsInForce(connection, tools), carry, carryWrittenRules),
    updatedAt: now,
  };
}

/** The words of rules that are there still: of others nothing can run together. */
function wordsInForce({ writtenRules }: Connection, tools: readonly Tool[]): Connection['writtenRules'] {
  const words: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const { name, layers } of tools) {
    const said = Object.entries(getOwn(writtenRules, name) ?? {});
    const kept = said.filter(([field]) => getOwn(layers.inputs ?? {}, field) !== undefined);
    if (kept.length > 0) setOwn(words, name, Object.fromEntries(kept));
  }
  return words;
}

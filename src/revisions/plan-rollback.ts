import type { Definition } from '../connectors/index.ts';
import { canonicalJson } from '../kernel/index.ts';
import { newestDefinition, moveTool, type MovedTool, type Tool } from '../tools/index.ts';
import type { RevisionPlan, RevisionState } from './plan-upgrade.ts';

/**
 * What becomes of a connection with versions of its own at one it has been on: what was accepted then is accepted
 * again, and what the service says now waits beside it. A tool that came later is as new: disabled, and held.
 */
export function planRollback(
  state: RevisionState,
  target: { version: number; definitions: readonly Definition[] },
  now: Date,
): RevisionPlan {
  const { connection } = state;
  const accepted = new Map(target.definitions.map((definition) => [definition.path, definition]));
  const tools = state.tools
    .filter(({ source }) => source === 'service')
    .map((tool): MovedTool => {
      const definition = accepted.get(tool.path);
      return { before: tool, after: definition ? asThen(tool, definition, now) : asNew(tool, now) };
    });
  return {
    connection: {
      before: connection,
      after: { ...connection, connectorVersion: target.version, updatedAt: now },
    },
    tools,
    uses: state.uses.map((use) => ({ before: use, after: use })),
  };
}

function asThen(tool: Tool, definition: Definition, now: Date): Tool {
  const { path, name, slug } = tool;
  const then = { ...definition, name };
  const said = tool.newest ?? tool.accepted;
  const newest = tool.vanishedAt !== null || canonicalJson(said) === canonicalJson(then) ? null : said;
  const moved = moveTool(tool, { path, name, slug, definition: then, newest, steps: [] }, now);
  if (tool.vanishedAt === null) return moved;
  // It was there then and is not now: that it went waits for a person again.
  return { ...moved, vanishedAt: tool.vanishedAt, heldSince: tool.heldSince ?? now, updatedAt: now };
}

function asNew(tool: Tool, now: Date): Tool {
  if (tool.acceptedAt === null) return tool;
  // Gone, and not there then either: nothing of it waits.
  if (tool.vanishedAt !== null)
    return tool.heldSince === null ? tool : { ...tool, heldSince: null, updatedAt: now };
  return {
    ...tool,
    accepted: tool.newest ?? tool.accepted,
    definition: newestDefinition(tool),
    newest: null,
    acceptedAt: null,
    heldSince: tool.heldSince ?? now,
    curation: { ...tool.curation, isEnabled: false },
    updatedAt: now,
  };
}

import type { z } from '@hono/zod-openapi';
import type { SettledConnection } from '../../../../connections/index.ts';
import { prefixed } from '../../../../kernel/index.ts';
import { confirmationOf, isServable, type Tool } from '../../../../tools/index.ts';
import type { accountSchema, wholeAccountSchema } from './schema.ts';

export function writeAccount(connection: SettledConnection): z.input<typeof accountSchema> {
  return {
    id: prefixed('connector', connection.id),
    type: connection.connectorSlug,
    name: connection.nickname,
    status: connection.status,
    // Beside `connected` the reason is about the listing of tools, which this contract does not speak of.
    status_reason: connection.status === 'connected' ? null : connection.statusReason,
    is_active: connection.isActive,
    created_at: connection.createdAt.toISOString(),
    updated_at: connection.updatedAt.toISOString(),
  };
}

/** With the tools the service lists. */
export function writeWholeAccount(
  connection: SettledConnection,
  tools: readonly Tool[],
): z.input<typeof wholeAccountSchema> {
  const listed = tools.filter((tool) => tool.vanishedAt === null);
  return { ...writeAccount(connection), tools: listed.map((tool) => writeTool(tool, connection)) };
}

function writeTool(
  tool: Tool,
  connection: SettledConnection,
): z.input<typeof wholeAccountSchema>['tools'][number] {
  const { name, definition, curation } = tool;
  return {
    name,
    label: curation.title ?? definition.title ?? labelOf(name),
    description: curation.description ?? definition.description ?? '',
    type: definition.effect === 'read' ? 'read' : 'write',
    requires_confirmation: confirmationOf(tool, connection) !== false,
    disabled: !isServable(tool, connection),
  };
}

/** `get_ticket` → `Get ticket`, for a service that gives no title. */
function labelOf(name: string): string {
  const words = name.replaceAll(/[_-]+/g, ' ').trim() || name;
  return words[0]!.toUpperCase() + words.slice(1);
}

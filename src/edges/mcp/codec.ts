import type { Progress, ToolResult, View, ViewTool } from '../../gateway/index.ts';
import type { Json } from '../../kernel/index.ts';
import type { RequestId } from './message.ts';
import type { Era, Revision } from './revisions.ts';

/**
 * One wire revision over the neutral model: writes results as JSON text, so that nothing is serialized
 * twice. Reading differs between revisions by the headers and `_meta` alone (check-headers.ts).
 */
export type Codec = {
  revision: Revision;
  era: Era;
  /** A tool as this revision may list it. */
  tool(tool: ViewTool): string;
  /** One page of tools/list. `tools` is the joined text of its tools. */
  listPage(tools: string, nextCursor: string | null): string;
  callResult(result: ToolResult): string;
  /** A result that asks the client for input before the call can run, and what it sends back with it; null where the revision has none. */
  inputRequired: ((requests: { readonly [key: string]: Json }, state?: string) => string) | null;
  /** The result of the opening request: server/discover or initialize. */
  greeting(view: View): string;
  listChanged(subscription: RequestId | null): string;
};

/** `notifications/progress`, the same in every revision. */
export function progressText(token: RequestId, { progress, total, message }: Progress): string {
  const params = { progressToken: token, progress, total, message };
  return JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params });
}

export const resultText = (idText: string, result: string): string =>
  `{"jsonrpc":"2.0","id":${idText},"result":${result}}`;

/** An error answer. Without an id where the request's could not be read. */
export function errorText(idText: string | null, code: number, message: string, data?: unknown): string {
  const error = JSON.stringify(data === undefined ? { code, message } : { code, message, data });
  return idText === null
    ? `{"jsonrpc":"2.0","error":${error}}`
    : `{"jsonrpc":"2.0","id":${idText},"error":${error}}`;
}

/** What every revision says of this server: tools that change, and nothing that is not served. */
export const serverCapabilities = { tools: { listChanged: true } } as const;

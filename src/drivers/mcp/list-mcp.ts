import { cleanText } from './clean-text.ts';
import type { Listing } from '../types.ts';
import { callInSession } from './invoke-mcp.ts';
import { listTools, listingFault, readTools } from './list-tools.ts';
import type { Channel } from './session.ts';
import type { Sessions } from './sessions.ts';

const pageCap = 16 * 1024 * 1024;
const methodNotFound = -32601;

/** Lists the tools of an MCP server over HTTP. */
export async function listMcp(channel: Channel, sessions: Sessions, signal: AbortSignal): Promise<Listing> {
  const tools = await listTools(async (params) => {
    const answer = await callInSession(channel, sessions, {
      method: 'tools/list',
      params,
      signal,
      maxBytes: pageCap,
    });
    // A server without tools may not know the method.
    if (answer.error?.code === methodNotFound) return { tools: [] };
    if (answer.error || answer.result === null) {
      throw listingFault(answer.status, answer.error?.code ?? null, answer.refusal);
    }
    return answer.result;
  });
  const session = await sessions.at(channel, signal);
  return {
    definitions: await readTools(tools, session.era === 'modern'),
    server: session.server,
    instructions: cleanText(session.instructions),
  };
}

import type { ViewTool } from '../../gateway/index.ts';
import { isObject, type Json } from '../../kernel/index.ts';
import { jsonText } from '../../tools/index.ts';
import { serverCapabilities, type Codec } from './codec.ts';
import type { LegacyRevision } from './revisions.ts';

/**
 * The revisions with a handshake. Structured results came with 2025-06-18 and were objects until 2026-07-28;
 * what an older client would refuse is left out, for one such tool would cost it the whole list.
 */
export function createLegacyCodec(revision: LegacyRevision, version: string): Codec {
  const structured = revision !== '2025-03-26';
  return {
    revision,
    era: 'legacy',
    tool: (tool) => (tool.json.includes('"outputSchema"') ? withReadableOutput(tool, structured) : tool.json),
    listPage(tools, nextCursor) {
      const next = nextCursor === null ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`;
      return `{"tools":[${tools}]${next}}`;
    },
    callResult({ content, structuredContent, isError }) {
      const blocks = structured ? content : content.map(plainBlock);
      const object = structured && isObject(structuredContent);
      const more = object ? `,"structuredContent":${jsonText(structuredContent)}` : '';
      return `{"content":${JSON.stringify(blocks)}${more},"isError":${isError}}`;
    },
    inputRequired: null,
    greeting: (view) =>
      JSON.stringify({
        protocolVersion: revision,
        capabilities: serverCapabilities,
        serverInfo: { name: 'toolcrib', ...(structured ? { title: view.packName } : {}), version },
        ...(view.instructions ? { instructions: view.instructions } : {}),
      }),
    listChanged: () => JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' }),
  };
}

function withReadableOutput(tool: ViewTool, structured: boolean): string {
  const { outputSchema, ...rest } = JSON.parse(tool.json) as { [key: string]: Json };
  const readable = structured && isObject(outputSchema) && outputSchema['type'] === 'object';
  return readable || outputSchema === undefined ? tool.json : JSON.stringify(rest);
}

/** Links to resources are unknown to 2025-03-26: there they are text. */
function plainBlock(block: Json): Json {
  if (!isObject(block) || block['type'] !== 'resource_link') return block;
  const uri = block['uri'];
  return { type: 'text', text: typeof uri === 'string' ? uri : '' };
}

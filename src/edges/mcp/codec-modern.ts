import { jsonText } from '../../tools/index.ts';
import type { Codec } from './codec.ts';
import { serverCapabilities } from './codec.ts';
import { modernRevision, supportedRevisions } from './revisions.ts';

const subscriptionKey = 'io.modelcontextprotocol/subscriptionId';

/** How long a client may take its list for fresh, in ms; a change is told at once to who listens. */
const ttlMs = 60_000;

/** Revision 2026-07-28: every result says its type and who answered; lists say how long they keep. */
export function createModernCodec(version: string): Codec {
  const server = `"io.modelcontextprotocol/serverInfo":${JSON.stringify({ name: 'toolcrib', version })}`;
  const meta = `"_meta":{${server}}`;
  const cache = `"ttlMs":${ttlMs},"cacheScope":"private"`;
  return {
    revision: modernRevision,
    era: 'modern',
    tool: (tool) => tool.json,
    listPage(tools, nextCursor) {
      const next = nextCursor === null ? '' : `"nextCursor":${JSON.stringify(nextCursor)},`;
      return `{"resultType":"complete","tools":[${tools}],${next}${cache},${meta}}`;
    },
    callResult({ content, structuredContent, isError }) {
      const structured =
        structuredContent === undefined ? '' : `"structuredContent":${jsonText(structuredContent)},`;
      return `{"resultType":"complete","content":${JSON.stringify(content)},${structured}"isError":${isError},${meta}}`;
    },
    inputRequired(requests, state) {
      const kept = state === undefined ? '' : `"requestState":${JSON.stringify(state)},`;
      return `{"resultType":"input_required","inputRequests":${JSON.stringify(requests)},${kept}${meta}}`;
    },
    greeting(view) {
      const versions = JSON.stringify(supportedRevisions);
      const capabilities = JSON.stringify(serverCapabilities);
      const instructions = view.instructions ? `"instructions":${JSON.stringify(view.instructions)},` : '';
      return `{"resultType":"complete","supportedVersions":${versions},"capabilities":${capabilities},${instructions}${cache},${meta}}`;
    },
    listChanged: (subscription) =>
      JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
        params: { _meta: { [subscriptionKey]: subscription } },
      }),
  };
}

/** The first message of a subscriptions/listen stream: what of the wishes is honoured. */
export function acknowledgement(subscription: string | number, toolsListChanged: boolean): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/subscriptions/acknowledged',
    params: {
      _meta: { [subscriptionKey]: subscription },
      notifications: toolsListChanged ? { toolsListChanged } : {},
    },
  });
}

/** The result that ends a subscription from our side. */
export const subscriptionEnd = (subscription: string | number): string =>
  JSON.stringify({ resultType: 'complete', _meta: { [subscriptionKey]: subscription } });

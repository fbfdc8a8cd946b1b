// The Vercel AI SDK's MCP client at a pack. The tools it answers go into generateText({ model, tools }) as they
// are; here one is executed by hand, so that no model is needed.
import { createMCPClient } from '@ai-sdk/mcp';

const { TOOLCRIB_URL = 'http://127.0.0.1:7420', TOOLCRIB_KEY, TOOLCRIB_PACK = 'sample' } = process.env;
if (!TOOLCRIB_KEY) throw new Error('Set TOOLCRIB_KEY to a key that may call the pack.');

const client = await createMCPClient({
  transport: {
    type: 'http',
    url: new URL(`/mcp/${TOOLCRIB_PACK}`, TOOLCRIB_URL).href,
    headers: { Authorization: `Bearer ${TOOLCRIB_KEY}` },
  },
});
try {
  const tools = await client.tools();
  console.log(`tools: ${Object.keys(tools).join(', ')}`);

  const read = tools['helpdesk__get_ticket'];
  if (!read) throw new Error('The pack has no helpdesk__get_ticket.');
  const result = await read.execute({ ticket_id: 1042 }, { toolCallId: 'call-1', messages: [], context: {} });
  const ticket = (result as { structuredContent: { subject: string; customer: object } }).structuredContent;
  console.log(`ticket 1042: ${ticket.subject}`);
  console.log(`of the customer an agent sees: ${Object.keys(ticket.customer).join(', ')}`);
} finally {
  await client.close();
}

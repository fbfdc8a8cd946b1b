// The official MCP client at a pack: lists its tools, calls two of them, and shows a refusal.
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const { TOOLCRIB_URL = 'http://127.0.0.1:7420', TOOLCRIB_KEY, TOOLCRIB_PACK = 'sample' } = process.env;
if (!TOOLCRIB_KEY) throw new Error('Set TOOLCRIB_KEY to a key that may call the pack.');

const client = new Client(
  { name: 'example-mcp-client', version: '1.0.0' },
  // Unless told to look for the current revision, the client speaks an older one.
  { versionNegotiation: { mode: 'auto' } },
);
await client.connect(
  new StreamableHTTPClientTransport(new URL(`/mcp/${TOOLCRIB_PACK}`, TOOLCRIB_URL), {
    requestInit: { headers: { Authorization: `Bearer ${TOOLCRIB_KEY}` } },
  }),
);
console.log(`connected, speaking ${client.getNegotiatedProtocolVersion()}`);

const { tools } = await client.listTools();
for (const { name, inputSchema } of tools) {
  console.log(`  ${name}(${Object.keys(inputSchema.properties ?? {}).join(', ')})`);
}

const listed = await client.callTool({ name: 'helpdesk__list_tickets', arguments: { limit: 1 } });
const { tickets } = listed.structuredContent as { tickets: { id: number; subject: string }[] };
const [ticket] = tickets;
if (!ticket) throw new Error('The helpdesk has no tickets.');
console.log(`first ticket: ${ticket.id} ${ticket.subject}`);

const reply = { ticket_id: ticket.id, body: 'We are looking into it.' };
const sent = await client.callTool({ name: 'helpdesk__create_reply', arguments: reply });
const { from } = sent.structuredContent as { from: string };
console.log(`replied from ${from}, which the operator has pinned`);

const refused = await client.callTool({
  name: 'helpdesk__create_reply',
  arguments: { ...reply, from: 'ceo@helpdesk.example' },
});
const [words] = refused.content;
if (words?.type === 'text') console.log(`refused: ${words.text}`);

await client.close();

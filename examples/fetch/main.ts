// Tools without MCP: POST /v1/calls is all there is to it.
const { TOOLCRIB_URL = 'http://127.0.0.1:7420', TOOLCRIB_KEY, TOOLCRIB_PACK = 'sample' } = process.env;
if (!TOOLCRIB_KEY) throw new Error('Set TOOLCRIB_KEY to a key that may call the pack.');

type Called = {
  call_id: string;
  content: { type: string; text?: string }[];
  structuredContent?: unknown;
  isError: boolean;
};

async function call(tool: string, args: object): Promise<Called> {
  const response = await fetch(new URL('/v1/calls', TOOLCRIB_URL), {
    method: 'POST',
    headers: { Authorization: `Bearer ${TOOLCRIB_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ pack: TOOLCRIB_PACK, tool, arguments: args }),
  });
  const body = (await response.json()) as Called & { error?: { code: string; message: string } };
  // A tool that fails is a result with isError; what never became a call is an error of the API.
  if (body.error) throw new Error(`${response.status} ${body.error.code}: ${body.error.message}`);
  return body;
}

const read = await call('helpdesk__get_ticket', { ticket_id: 1042 });
const { subject } = read.structuredContent as { subject: string };
console.log(`ticket 1042: ${subject} (call ${read.call_id})`);

const missing = await call('helpdesk__get_ticket', { ticket_id: 999_999 });
console.log(`isError ${missing.isError}: ${missing.content[0]?.text}`);

try {
  await call('helpdesk__delete_ticket', { ticket_id: 1042 });
} catch (error) {
  console.log(`a tool that is off: ${(error as Error).message}`);
}

import { createKey } from '../access/index.ts';
import { connectOpenapi, type Connection } from '../connections/index.ts';
import { areKnownPacks, createPack, type Pack, type PacksCtx } from '../packs/index.ts';
import { listTools, updateTool, type InputRules, type ToolPatch } from '../tools/index.ts';
import { describeSample, type SampleCounts } from './describe-sample.ts';

/** The sample as a first start makes it. `keyText` is the runtime key of its pack, told once. */
export type Sample = { connection: Connection; pack: Pack; keyText: string; counts: SampleCounts };

const pins = (rules: InputRules): ToolPatch['inputs'] => ({ kind: 'fields', rules, cleared: [] });

/** One example of each thing a person may say about a tool. */
const curation: Readonly<Record<string, ToolPatch>> = {
  create_reply: { inputs: pins({ from: { mode: 'pinned', value: 'support@helpdesk.example' } }) },
  list_tickets: { inputs: pins({ limit: { mode: 'default', value: 10 } }) },
  get_ticket: {
    responseMap: {
      field_mappings: [
        { path: 'id' },
        { path: 'subject' },
        { path: 'status' },
        { path: 'priority' },
        { path: 'customer.name' },
        { path: 'customer.email' },
        { path: 'messages[].from' },
        { path: 'messages[].body' },
      ],
    },
  },
  delete_ticket: { isEnabled: false },
};

/**
 * Connects the running helpdesk by the ordinary way (its document is read over HTTP), curates it, and makes
 * a pack of it with a key that can do nothing but call that pack. The caller is the operator.
 */
export async function createSample(ctx: PacksCtx, input: { helpdeskUrl: string }): Promise<Sample> {
  // The helpdesk is this process's own, so its origin is admitted wherever the sample is wanted, for it alone.
  const { connection } = await connectOpenapi(
    { ...ctx, isLaptop: true },
    {
      nickname: 'Helpdesk',
      documentUrl: `${input.helpdeskUrl}/openapi.json`,
      local: true,
      auth: { type: 'none' },
      credential: null,
      isSample: true,
    },
  );
  for (const { tool } of await listTools(ctx, [connection])) {
    const patch = curation[tool.name];
    if (patch) await updateTool(ctx, { toolId: tool.id, connectionId: connection.id }, patch);
  }
  const pack = await createPack(ctx, {
    name: 'sample',
    description: 'Tools of the sample helpdesk: read tickets, answer them, keep them in order.',
    isSample: true,
    entries: [{ slug: connection.slug, authScope: 'ORGANIZATION', tools: { kind: 'all' } }],
  });
  const { organizationId } = ctx.caller.principal;
  const { text } = await createKey(ctx, {
    name: 'sample',
    scopes: ['runtime:all'],
    packIds: [pack.id],
    expiresAt: null,
    knownPacks: (tx, packIds) => areKnownPacks(tx, organizationId, packIds),
  });
  const tools = await listTools(ctx, [connection]);
  return { connection, pack, keyText: text, counts: describeSample(tools.map(({ tool }) => tool)) };
}

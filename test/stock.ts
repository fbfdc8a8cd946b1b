import assert from 'node:assert/strict';
import { startLedger, type Ledger } from './fakes/ledger.ts';
import { onCleanUp, type Answer, type Server } from './processes.ts';

/** A connected service, a pack of it and a key that may call the pack and nothing else. */
export type Stock = {
  ledger: Ledger;
  admin: string;
  runtime: string;
  runtimeId: string;
  pack: string;
  connectionId: string;
  packId: string;
  toolId(name: string): string;
};

/** Puts a pack on the counter by the product's own API. */
export async function stockPack(
  server: Server,
  admin: string,
  options: { name?: string; token?: string } = {},
): Promise<Stock> {
  const ledger = await startLedger();
  onCleanUp(() => ledger.close());
  const post = async (path: string, body: unknown): Promise<Answer['json']> => {
    const answer = await server.ask('POST', path, { key: admin, body });
    assert.equal(answer.status, 201, `${path}: ${answer.text}`);
    return answer.json['data'];
  };
  const { name = 'ledger', token } = options;
  const connection = await post('/v1/connections', {
    kind: 'openapi',
    nickname: name,
    document: ledger.document(token === undefined ? 'none' : 'bearer'),
    auth: token === undefined ? { type: 'none' } : { type: 'bearer', token },
  });
  const connectionId: string = connection['id'];
  const pack = await post('/v1/packs', { name, entries: [{ slug: name }] });
  const key = await post('/v1/keys', { name, scopes: ['runtime:all'], pack_ids: [pack['id']] });
  const tools = await server.ask('GET', `/v1/connections/${connectionId}/tools`, { key: admin });
  const ids = new Map<string, string>(
    (tools.json['data'] as { name: string; id: string }[]).map(({ name, id }) => [name, id]),
  );
  return {
    ledger,
    admin,
    runtime: key['key'],
    runtimeId: key['id'],
    pack: name,
    connectionId,
    packId: pack['id'],
    toolId: (tool) => ids.get(tool)!,
  };
}

/** Calls a tool of the stock at a server, as its agent. */
export function callTool(server: Server, stock: Stock, tool = 'write_note', text = 'x'): Promise<Answer> {
  return server.ask('POST', '/v1/calls', {
    key: stock.runtime,
    body: {
      pack: stock.pack,
      tool: `${stock.pack}__${tool}`,
      arguments: tool === 'write_note' ? { text } : {},
    },
  });
}

/** The admin key a first start told. */
export function adminTold(server: Server): string {
  const admin = /admin key \(shown once\) +(\S+)/.exec(server.stdout())?.[1];
  assert.ok(admin, server.stdout());
  return admin;
}

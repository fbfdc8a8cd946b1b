import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { clientMetadata, connectMcp, getConnection } from '../../src/connections/index.ts';
import { newBrowser, openConsentDesk, type ConsentDesk } from '../consent-desk.ts';
import { createPerson, startOidcProvider, type OidcOptions, type OidcServer } from '../fakes/oauth-server.ts';
import { startProtectedMcp, type ProtectedMcp } from '../fakes/protected-mcp.ts';
import { openRooms, type Rooms } from '../open-rooms.ts';

// The whole way to a certified authorization server and back, for an MCP server that trusts it.

const publicUrl = 'https://crib.example.com';
const documentUrl = `${publicUrl}/connect/client-metadata.json`;
let rooms: Rooms;
let desk: ConsentDesk;
before(async () => {
  rooms = await openRooms({ TOOLCRIB_EGRESS_ALLOW: '127.0.0.1', TOOLCRIB_PUBLIC_URL: publicUrl });
  desk = await openConsentDesk(rooms);
});
const open: { close(): Promise<void> }[] = [];
after(async () => {
  await rooms.close();
  for (const one of open) await one.close();
});

async function startPair(options: OidcOptions): Promise<{ provider: OidcServer; mcp: ProtectedMcp }> {
  const provider = await startOidcProvider({ resources: 'any', ...options });
  const mcp = await startProtectedMcp({ issuers: [provider.issuer], scopes: ['read'] });
  open.push(provider, mcp);
  return { provider, mcp };
}

async function connect(mcp: ProtectedMcp, nickname: string): Promise<{ clientId: string; status: string }> {
  const connection = await connectMcp(rooms.as(), {
    nickname,
    serverUrl: mcp.url,
    auth: { type: 'mcp_oauth' },
    credential: null,
  });
  const { token } = await desk.link(connection);
  const browser = newBrowser();
  await desk.flow.open(token, browser);
  const { redirectTo } = await desk.flow.begin(token, browser);
  const back = await createPerson().approve(redirectTo);
  assert.equal(back.origin + back.pathname, `${publicUrl}/connect/answer`);
  const step = await desk.flow.takeAnswer(back, browser);
  assert.equal(step.kind, 'done', JSON.stringify(step));
  const [credential] = await desk.credentials(connection);
  assert.ok(credential!.fields.includes('refresh_token'));
  const { status, toolsStatus } = await getConnection(rooms.as(), connection.id);
  assert.equal(toolsStatus, 'synced');
  return { clientId: new URL(redirectTo).searchParams.get('client_id')!, status };
}

describe('an MCP server behind the certified provider', () => {
  it('is connected under the address of our metadata document', async () => {
    const asked: string[] = [];
    const { mcp } = await startPair({
      metadataDocument: (url) => (asked.push(url) && url === documentUrl ? clientMetadata(publicUrl) : null),
    });
    const { clientId, status } = await connect(mcp, 'By document');
    assert.deepEqual([clientId, status], [documentUrl, 'connected']);
    assert.ok(asked.includes(documentUrl));
  });

  it('is connected as a client that registered itself where documents are not taken', async () => {
    const { provider, mcp } = await startPair({ registration: true });
    const { clientId, status } = await connect(mcp, 'By registration');
    assert.equal(status, 'connected');
    assert.notEqual(clientId, documentUrl);
    assert.equal(provider.paths.filter((path) => path === '/reg').length, 1);
  });
});

import { PGlite } from '@electric-sql/pglite';
import { createKey } from '../../src/access/index.ts';
import { connectMcp, connectOpenapi, type Connection } from '../../src/connections/index.ts';
import { startCrib } from '../../src/main.ts';
import { areKnownPacks, createPack, type PacksCtx } from '../../src/packs/index.ts';
import { listTools, updateTool } from '../../src/tools/index.ts';
import { Plaintext } from '../../src/vault/index.ts';
import { answerParent } from '../answer-parent.ts';
import { issueMap } from '../payloads.ts';

// Toolcrib as `toolcrib start` composes it, with packs of the bench's upstream, everything on: a key, a credential,
// pins, validation, a response map, durable start rows, sealed views.

export type GatewayReady = { origin: string; key: string; packs: Record<PackName, string> };
export type PackName = 'calls' | 'old' | 'thousand' | 'api';

const upstream = process.env['BENCH_UPSTREAM']!;
const token = 'upstream-token-of-the-bench';

let databaseTime = 0;
timeTheEmbeddedDatabase();

const running = await startCrib(process.env);
const ctx = running.crib.ctxFor({ principal: running.crib.founded.operator, requestId: 'req_bench' });

const packs = {
  calls: await packOf(ctx, 'calls', await connect(ctx, 'Tracker', '/mcp/200')),
  old: await packOf(ctx, 'old', await connect(ctx, 'Old tracker', '/mcp/200/old')),
  thousand: await packOf(ctx, 'thousand', await connect(ctx, 'Thousand', '/mcp/1000')),
  api: await packOf(ctx, 'api', await connectApi(ctx)),
};
const { organizationId } = ctx.caller.principal;
const { text: key } = await createKey(ctx, {
  name: 'bench',
  scopes: ['runtime:all'],
  expiresAt: null,
  knownPacks: (tx, packIds) => areKnownPacks(tx, organizationId, packIds),
});

answerParent({
  ready: { origin: running.url, key, packs } satisfies GatewayReady,
  databaseTime: () => databaseTime,
  stop: () => running.stop(500),
});

async function connect(at: PacksCtx, nickname: string, path: string): Promise<Connection> {
  const connection = await connectMcp(at, {
    nickname,
    serverUrl: upstream + path,
    auth: { type: 'bearer' },
    credential: { token: new Plaintext(token) },
  });
  if (connection.toolsStatus !== 'synced') throw new Error(`${nickname} did not list its tools.`);
  await curate(at, connection);
  return connection;
}

async function connectApi(at: PacksCtx): Promise<Connection> {
  const { connection } = await connectOpenapi(at, {
    nickname: 'Tracker API',
    documentUrl: `${upstream}/openapi.json`,
    auth: { type: 'bearer' },
    credential: { token: new Plaintext(token) },
  });
  await curate(at, connection);
  return connection;
}

/** The project is pinned, so that no agent may read another; the reply of `mapped` is cut. */
async function curate(at: PacksCtx, connection: Connection): Promise<void> {
  for (const { tool } of await listTools(at, [connection])) {
    if (!['echo', 'issue', 'mapped'].includes(tool.name)) continue;
    await updateTool(
      at,
      { toolId: tool.id, connectionId: connection.id },
      {
        inputs: { kind: 'fields', cleared: [], rules: { project: { mode: 'pinned', value: 'crib-bench' } } },
        ...(tool.name === 'mapped'
          ? { responseMap: { field_mappings: issueMap.map((path) => ({ path })) } }
          : {}),
      },
    );
  }
}

async function packOf(at: PacksCtx, name: PackName, connection: Connection): Promise<string> {
  const pack = await createPack(at, {
    name,
    names: 'plain',
    entries: [{ slug: connection.slug, authScope: 'ORGANIZATION', tools: { kind: 'all' } }],
  });
  return `/mcp/${pack.slug}`;
}

function ownCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

/** The embedded database runs on this thread: what it takes is timed at its only entrance. */
function timeTheEmbeddedDatabase(): void {
  const own = PGlite.prototype as { execProtocolRawSync(message: Uint8Array): Uint8Array };
  const enter = Reflect.get(own, 'execProtocolRawSync') as (this: unknown, message: Uint8Array) => Uint8Array;
  own.execProtocolRawSync = function (this: unknown, message) {
    const begun = ownCpu();
    try {
      return enter.call(this, message);
    } finally {
      databaseTime += ownCpu() - begun;
    }
  };
}

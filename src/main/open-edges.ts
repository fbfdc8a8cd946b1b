import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  clientAddressReader,
  createCallFeed,
  createApi,
  createConnectEdge,
  createDoor,
  createHttpServer,
  createMetrics,
  watchDatabase,
  type Api,
  type HttpServer,
  type Metrics,
} from '../edges/index.ts';
import { createMcpEdge, resourceMetadata } from '../edges/mcp/index.ts';
import { createCursors, deriveKey, packageRoot } from '../kernel/index.ts';
import { countAccounts } from './count-accounts.ts';
import { migrationsDir, userHooksOf, type Crib } from './open-crib.ts';

export const version = (
  JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
).version;

export type Edges = {
  http: HttpServer;
  api: Api;
  metrics: Metrics;
  /** From now on /readyz says no; everything else is answered as before. Resolves after `notice` milliseconds. */
  refuseReadiness(notice: number): Promise<void>;
  close(grace?: number): Promise<void>;
};

/** The protocols over one crib: one server, one door. */
export function openEdges(crib: Crib): Edges {
  const { config, database, clock, bus, vault, gateway, authenticator, founded, log } = crib;
  const publicUrl = config.publicUrl.origin;
  const stopping = new AbortController();
  const door = createDoor({
    publicUrl: config.publicUrl,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    authenticator,
  });
  const callFeed = createCallFeed();
  crib.onCallEnd((end) => callFeed.publish(end));
  const metrics = createMetrics();
  countAccounts(crib, metrics);
  const api = createApi({
    database,
    clock,
    vault,
    gateway,
    ctxFor: (caller) => crib.ctxFor(caller),
    resourceMetadata: (path) => resourceMetadata(publicUrl, path),
    door,
    clientAddress: clientAddressReader(config.trustedProxies),
    cursors: createCursors(deriveKey(founded.secret, 'cursors')),
    callJournal: crib.callJournal,
    requestJournal: crib.requestJournal,
    callFeed,
    deliverer: crib.deliverer,
    metrics,
    publicUrl,
    version,
    log,
    migrations: migrationsDir,
    checkMasterKey: () => crib.assertMasterKey(),
    stopping: stopping.signal,
    userHooks: userHooksOf(vault),
  });
  const mcp = createMcpEdge({
    gateway,
    door,
    database,
    bus,
    clock,
    sessionKey: deriveKey(founded.secret, 'mcp-sessions'),
    version,
    publicUrl: () => publicUrl,
    log,
    ...(database.kind === 'server' ? { assertDatabase: watchDatabase(database) } : {}),
  });
  const connect = createConnectEdge({
    flow: crib.connectFlow,
    clock,
    publicUrl: config.publicUrl,
    resultKey: deriveKey(founded.secret, 'connect-results'),
    log,
    ...(database.kind === 'server' ? { assertDatabase: watchDatabase(database) } : {}),
  });
  const http = createHttpServer({
    door,
    api,
    mcp,
    connect,
    onError: (error) => log.error({ err: error }, 'answering'),
  });
  return {
    http,
    api,
    metrics,
    async refuseReadiness(notice) {
      stopping.abort();
      if (notice > 0) await wait(notice);
    },
    async close(grace) {
      stopping.abort();
      await mcp.close();
      await http.close(grace);
    },
  };
}

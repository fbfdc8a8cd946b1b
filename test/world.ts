import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import { Client } from 'pg';
import { pino } from 'pino';
import {
  clientAddressReader,
  createApi,
  createCallFeed,
  createConnectEdge,
  createDoor,
  createHttpServer,
  createMcpEdge,
  createMetrics,
  resourceMetadata,
  type ApiDeps,
} from '../src/edges/index.ts';
import { bumpConfig } from '../src/journal/index.ts';
import { createCursors, deriveKey, type Clock } from '../src/kernel/index.ts';
import { migrationsDir, openCrib, userHooksOf, type Crib } from '../src/main/open-crib.ts';
import { readConfig } from '../src/main/read-config.ts';

export type Answer = {
  status: number;
  headers: Headers;
  text: string;
  /** The body as JSON; undefined where it is none. */
  json: Json;
};
/** As JSON.parse answers it: tests look into answers of many shapes, and assert on what they find. */
export type Json = ReturnType<typeof JSON.parse>;

export type Request = {
  key?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** Sent as it is, instead of `body`. */
  raw?: string | Uint8Array;
};

export type World = {
  url: string;
  port: number;
  adminKey: string;
  crib: Crib;
  deps: ApiDeps;
  /** What the log was told, one line each. */
  logged: string[];
  /** A request with the operator's key unless another is given; `key: ''` sends none. */
  ask(method: string, path: string, request?: Request): Promise<Answer>;
  fetchJson(method: string, path: string, body?: unknown, key?: string): Promise<Answer>;
  /** Begins to stop, as SIGTERM does: not ready, streams end. */
  stop(): void;
  /** An organization of its own for a test; answers its admin key. */
  organization(): Promise<{ id: string; slug: string; key: string }>;
  close(): Promise<void>;
};

/** Lets a key ask as often as it likes: sweeps ask more than any key is allowed to. */
export async function liftRate(world: World, key: string): Promise<void> {
  const hash = createHash('sha256').update(key).digest();
  await world.crib.database.transaction('system', async (tx) => {
    const { rows } = await sql<{ organization_id: string }>`
      update keys set rate_per_minute = 1000000, rate_per_hour = 1000000 where hash = ${hash}
      returning organization_id`.execute(tx.kysely);
    await bumpConfig(tx, rows[0]!.organization_id);
  });
}

export type WorldOptions = {
  /** Serves another world’s rooms from a server of its own: a second replica. */
  beside?: World;
  environment?: Record<string, string>;
  clock?: Clock;
  /** Parts to serve with instead of the composed ones. */
  deps?: Partial<ApiDeps>;
};

/** Everything composed as a start composes it, over a database of its own, on a free port. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const dataDir = mkdtempSync(join(tmpdir(), 'toolcrib-world-'));
  // Links need the address, and the address needs a free port.
  const port = await freePort();
  const server = process.env['TEST_DATABASE_URL'];
  const database = server && !options.beside ? await createThrowAway(server) : null;
  const config = readConfig({
    TOOLCRIB_DATA_DIR: dataDir,
    TOOLCRIB_EGRESS_ALLOW: '127.0.0.1',
    TOOLCRIB_MASTER_KEY: randomBytes(32).toString('base64'),
    TOOLCRIB_SAMPLE: 'off',
    PORT: String(port),
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...options.environment,
  });
  const logged: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  const crib =
    options.beside?.crib ?? (await openCrib(config, { inMemory: true, log, clock: options.clock }));
  const publicUrl = new URL(config.publicUrl);

  const parts: { handler?: ReturnType<typeof createHttpServer> } = {};
  publicUrl.port = String(port);
  const door = createDoor({
    publicUrl,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    authenticator: crib.authenticator,
  });
  const callFeed = createCallFeed();
  crib.onCallEnd((end) => callFeed.publish(end));
  const stopping = new AbortController();
  const { clock, vault, gateway, callJournal, requestJournal, founded } = crib;
  const deps: ApiDeps = {
    database: crib.database,
    clock,
    vault,
    gateway,
    door,
    clientAddress: clientAddressReader(config.trustedProxies),
    cursors: createCursors(deriveKey(founded.secret, 'cursors')),
    callJournal,
    requestJournal,
    callFeed,
    deliverer: crib.deliverer,
    metrics: createMetrics(),
    publicUrl: publicUrl.origin,
    version: '0.0.0-test',
    log,
    migrations: migrationsDir,
    checkMasterKey: () => crib.assertMasterKey(),
    stopping: stopping.signal,
    ctxFor: (caller) => crib.ctxFor(caller),
    resourceMetadata: (path) => resourceMetadata(publicUrl.origin, path),
    userHooks: userHooksOf(vault),
    ...options.deps,
  };
  const mcp = createMcpEdge({
    gateway,
    door,
    database: crib.database,
    bus: crib.bus,
    clock,
    sessionKey: deriveKey(founded.secret, 'sessions'),
    version: deps.version,
    publicUrl: () => publicUrl.origin,
    log,
  });
  const api = createApi(deps);
  const connect = createConnectEdge({
    flow: crib.connectFlow,
    clock,
    publicUrl,
    resultKey: deriveKey(founded.secret, 'connect-results'),
    log,
  });
  const onError = (error: unknown): void => void logged.push(String(error));
  parts.handler = createHttpServer({ door, api, mcp, connect, onError });
  await parts.handler.listen(port, '127.0.0.1');
  crib.deliverer.start();

  const url = `http://127.0.0.1:${port}`;
  const adminKey = options.beside?.adminKey ?? founded.adminKey!;
  const ask = async (method: string, path: string, request: Request = {}): Promise<Answer> => {
    const key = request.key ?? adminKey;
    const headers: Record<string, string> = {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...request.headers,
    };
    const body = request.raw ?? (request.body === undefined ? undefined : JSON.stringify(request.body));
    const response = await fetch(url + path, { method, headers, body, redirect: 'manual' });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
    const json: Json = isJson ? JSON.parse(text) : undefined;
    return { status: response.status, headers: response.headers, text, json };
  };
  return {
    url,
    port,
    adminKey,
    crib,
    deps,
    logged,
    ask,
    fetchJson: (method, path, body, key) => ask(method, path, { body, key }),
    stop: () => stopping.abort(),
    async organization() {
      const name = `Org ${randomBytes(6).toString('hex')}`;
      const { json } = await ask('POST', '/v1/orgs', { body: { name } });
      return { id: json['id'], slug: json['slug'], key: json['admin_key'] };
    },
    async close() {
      stopping.abort();
      await mcp.close();
      await parts.handler?.close(1000);
      if (!options.beside) await crib.close();
      await database?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer();
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** A PostgreSQL database that lives as long as one test file. */
async function createThrowAway(server: string): Promise<{ url: string; drop(): Promise<void> }> {
  const name = `toolcrib_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string): Promise<void> => {
    const client = new Client({ connectionString: server });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await run(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => run(`drop database if exists ${name} with (force)`) };
}

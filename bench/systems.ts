import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { openLine } from './load.ts';
import type { System } from './measure.ts';
import type { GatewayReady } from './servers/gateway.ts';
import { initialize } from './short-session.ts';
import { startProcess, type Process } from './start-process.ts';
import { apiWorkload, legacyWorkload, listWorkload, modernWorkload, type Workload } from './workloads.ts';

export type At = { path: string; key: string };

/** A system under measurement with its process; `list` and `sessions` are measured beside its calls. */
export type Started = System & {
  process: Process<unknown>;
  list: Workload;
  /** Null: it knows no sessions. */
  sessions: At | null;
};

const upstreamKey = 'upstream-token-of-the-bench';
const named = (name: string, workload: Workload): Workload => ({ ...workload, name });

/** The service itself, with nothing in between. */
export function directTo(origin: string): System {
  const at = { path: '/mcp/200', key: upstreamKey, curated: false };
  return {
    name: 'direct',
    origin,
    usage: null,
    workloads: [
      modernWorkload('echo', at),
      modernWorkload('issue', at),
      named('api echo', apiWorkload('echo', upstreamKey)),
      named('api issue', apiWorkload('issue', upstreamKey)),
    ],
  };
}

export async function startLimit(upstream: string): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'toolcrib-bench-'));
  const environment = { BENCH_UPSTREAM: upstream, BENCH_LOG: join(directory, 'calls.log') };
  const process = await startProcess<{ origin: string; key: string }>(
    'limit.ts',
    environment,
    'measured',
    directory,
  );
  const at = { path: '/mcp/calls', key: process.ready.key, curated: true };
  return {
    name: 'the limit',
    origin: process.ready.origin,
    process,
    usage: () => process.ask({ do: 'usage' }),
    workloads: [modernWorkload('echo', at), modernWorkload('issue', at), modernWorkload('mapped', at)],
    list: listWorkload(at, 1000),
    sessions: null,
  };
}

/** Toolcrib over the embedded database, or over the server `databaseUrl` names. */
export async function startToolcrib(upstream: string, databaseUrl: string | null): Promise<Started> {
  const directory = mkdtempSync(join(tmpdir(), 'toolcrib-bench-'));
  const process = await startProcess<GatewayReady>(
    'gateway.ts',
    {
      BENCH_UPSTREAM: upstream,
      PORT: '0',
      TOOLCRIB_DATA_DIR: directory,
      TOOLCRIB_MASTER_KEY: randomBytes(32).toString('base64'),
      TOOLCRIB_EGRESS_ALLOW: '127.0.0.1',
      TOOLCRIB_SAMPLE: 'off',
      LOG_LEVEL: 'warn',
      ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
    },
    'measured',
    directory,
  );
  const { origin, key, packs } = process.ready;
  const calls = { path: packs.calls, key, curated: true };
  const api = { ...calls, path: packs.api };
  const line = openLine(origin);
  const session = await initialize(line, calls);
  await line.close();
  return {
    name: databaseUrl ? 'Toolcrib, PostgreSQL' : 'Toolcrib, embedded',
    origin,
    process,
    usage: () => process.ask({ do: 'usage' }),
    workloads: [
      modernWorkload('echo', calls),
      modernWorkload('issue', calls),
      modernWorkload('mapped', calls),
      named('echo, old client', legacyWorkload('echo', { ...calls, session })),
      named('echo, old upstream', modernWorkload('echo', { ...calls, path: packs.old })),
      named('api echo', modernWorkload('echo', api)),
      named('api issue', modernWorkload('issue', api)),
      named('api mapped', modernWorkload('mapped', api)),
    ],
    list: listWorkload({ path: packs.thousand, key }, 1000),
    sessions: calls,
  };
}

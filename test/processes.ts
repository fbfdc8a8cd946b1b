import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { PGlite } from '@electric-sql/pglite';
import { Client } from 'pg';
import { openCrib, type Crib } from '../src/main/open-crib.ts';
import { readConfig } from '../src/main/read-config.ts';

// Real processes of this tree, each on ports, a data directory and a database of its own.

const root = join(import.meta.dirname, '..');
const program = join(root, 'bin', 'toolcrib.js');
/** Starts are most of what these tests wait for, and compiling is half of a start. */
const compiled = join(root, '.cache', 'compiled');
const patience = 30_000;

export type Environment = Record<string, string>;

export type Exit = { code: number | null; signal: NodeJS.Signals | null };

/** One process of the program, and everything it has said. */
export type Process = {
  child: ChildProcess;
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Resolves with the first text that matches; rejects when the process ends without it. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
  exited: Promise<Exit>;
  /** Sends the signal and answers how the process ended. */
  stop(signal?: NodeJS.Signals): Promise<Exit>;
};

/** What a test file has opened; closed in one go when it ends. */
const closing: (() => Promise<void> | void)[] = [];

/** For `after`: ends the processes this file started, and removes its directories and databases. */
export async function cleanUp(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

/** Also closed by cleanUp, before everything that was opened earlier. */
export function onCleanUp(close: () => Promise<void> | void): void {
  closing.push(close);
}

/** Runs the program with exactly this environment, besides where programs are found. */
export function runProgram(args: readonly string[], env: Environment): Process {
  const child = spawn(process.execPath, [program, ...args], {
    env: {
      NODE_COMPILE_CACHE: compiled,
      PATH: process.env['PATH'] ?? '',
      HOME: env['TOOLCRIB_DATA_DIR'] ?? tmpdir(),
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const heard = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      heard[stream] += text;
      for (const listener of listeners) listener();
    });
  }
  const exited = once(child, 'close').then(([code, signal]): Exit => {
    for (const listener of listeners) listener();
    return { code: code as Exit['code'], signal: signal as Exit['signal'] };
  });
  let isOver = false;
  void exited.then(() => (isOver = true));
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    if (!isOver) child.kill(signal);
    return exited;
  };
  closing.push(async () => void (await stop('SIGKILL')));
  return {
    child,
    pid: child.pid!,
    stdout: () => heard.stdout,
    stderr: () => heard.stderr,
    said: (pattern) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => fail(`not within ${patience} ms`), patience);
        const done = (): void => {
          clearTimeout(timer);
          listeners.delete(look);
        };
        const fail = (why: string): void => {
          done();
          reject(new Error(`${why}: ${pattern}\n${heard.stdout}\n${heard.stderr}`));
        };
        const look = (): void => {
          const match = pattern.exec(heard.stdout) ?? pattern.exec(heard.stderr);
          if (!match) return;
          done();
          resolve(match);
        };
        listeners.add(look);
        look();
        void exited.then(({ code }) => fail(`ended with code ${code}`));
      }),
    exited,
    stop,
  };
}

/** An answer of the API. */
export type Answer = { status: number; headers: Headers; text: string; json: Json };
// Tests look into answers of many shapes.
export type Json = { [key: string]: Json } & Json[] & string & number & boolean & null;

export type Server = Process & {
  url: string;
  env: Environment;
  ask(
    method: string,
    path: string,
    request: { key?: string; body?: unknown; patience?: number },
  ): Promise<Answer>;
};

/** Starts a server and resolves when it has said where it listens. */
export async function startServer(env: Environment): Promise<Server> {
  const server = spawnServer(env);
  await server.said(/\n {2}docs .*\n/);
  return server;
}

/** The same, without waiting: for servers that are to be watched while they start. */
export function spawnServer(env: Environment): Server {
  const running = runProgram(['start'], env);
  const url = `http://127.0.0.1:${env['PORT']}`;
  return { ...running, url, env, ask: (method, path, request) => ask(url, method, path, request) };
}

async function ask(
  url: string,
  method: string,
  path: string,
  request: { key?: string; body?: unknown; patience?: number },
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(request.key ? { authorization: `Bearer ${request.key}` } : {}),
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: request.body === undefined ? null : JSON.stringify(request.body),
    signal: AbortSignal.timeout(request.patience ?? patience),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: (isJson ? JSON.parse(text) : undefined) as Json,
  };
}

/** What a first start told: the admin key, and the sample pack's runtime key. */
export function keysTold(server: Process): { admin: string; runtime: string } {
  const admin = /admin key \(shown once\) +(\S+)/.exec(server.stdout())?.[1];
  const runtime = /"Authorization": "Bearer (\S+)"/.exec(server.stdout())?.[1];
  if (!admin || !runtime) throw new Error(`No keys were told:\n${server.stdout()}`);
  return { admin, runtime };
}

export function dataDir(): string {
  const directory = mkdtempSync(join(tmpdir(), 'toolcrib-journey-'));
  closing.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** An environment on a data directory of its own and a free port. */
export async function freshEnv(more: Environment = {}): Promise<Environment> {
  return {
    TOOLCRIB_DATA_DIR: dataDir(),
    PORT: String(await freePort()),
    LOG_LEVEL: 'info',
    ...more,
  };
}

/** The same without the sample, allowed to reach the loopback services of tests. */
export const plainEnv = (more: Environment = {}): Promise<Environment> =>
  freshEnv({ TOOLCRIB_SAMPLE: 'off', TOOLCRIB_EGRESS_ALLOW: '127.0.0.1', ...more });

export const newMasterKey = (): string => randomBytes(32).toString('base64');

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The answer of `look` once it is not null; fails when that takes longer than `limit` milliseconds. */
export async function until<T>(
  what: string,
  limit: number,
  look: () => Promise<T | null> | T | null,
): Promise<T> {
  const end = performance.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`Not within ${limit} ms: ${what}`);
    await wait(20);
  }
}

/** The PostgreSQL server tests may use; journeys over several replicas are skipped without one. */
export const testServer = process.env['TEST_DATABASE_URL'];
export const needsServer = testServer
  ? false
  : 'TEST_DATABASE_URL is not set: this needs a PostgreSQL server';

export type ThrowAway = {
  url: string;
  name: string;
  /** As the owner, past row-level security where the owner may. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** On the server's own database, for what is done to a database from outside. */
  outside(text: string): Promise<void>;
};

/** A PostgreSQL database for one test file. */
export async function createThrowAway(): Promise<ThrowAway> {
  const name = `toolcrib_${randomBytes(6).toString('hex')}`;
  const url = new URL(testServer!);
  const run = async <Row>(
    connectionString: string,
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]> => {
    const client = new Client({ connectionString });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(text, values as unknown[])).rows as Row[];
    } finally {
      await client.end();
    }
  };
  const outside = async (text: string): Promise<void> => void (await run(testServer!, text));
  await outside(`create database ${name}`);
  closing.push(() => outside(`drop database if exists ${name} with (force)`));
  url.pathname = `/${name}`;
  return { url: url.href, name, query: (text, values) => run(url.href, text, values), outside };
}

/** Where a server keeps its rows, and how its owner reaches them. */
export type Ground = {
  kind: 'embedded' | 'server';
  env: Environment;
  /** As the owner of the database. With the embedded one its server has to be stopped. */
  owner<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
};

export async function embeddedGround(more: Environment = {}): Promise<Ground> {
  const env = await plainEnv(more);
  return {
    kind: 'embedded',
    env,
    async owner<Row>(text: string, values: readonly unknown[] = []) {
      const database = await PGlite.create(join(env['TOOLCRIB_DATA_DIR']!, 'database'));
      try {
        return (await database.query<Row>(text, [...values])).rows;
      } finally {
        await database.close();
      }
    },
  };
}

export async function serverGround(more: Environment = {}): Promise<Ground & { database: ThrowAway }> {
  const database = await createThrowAway();
  const env = await plainEnv({
    DATABASE_URL: database.url,
    TOOLCRIB_MASTER_KEY: newMasterKey(),
    ...more,
  });
  return { kind: 'server', env, owner: (text, values) => database.query(text, values), database };
}

/** The grounds there are on this machine, for journeys that must come out the same on each. */
export const grounds = testServer
  ? ([
      ['the embedded database', embeddedGround],
      ['PostgreSQL', serverGround],
    ] as const)
  : ([['the embedded database', embeddedGround]] as const);

/** The program's parts in this process, as one more replica (or, embedded, in place of a stopped server). */
export async function withCrib<T>(
  env: Environment,
  work: (crib: Crib, ctx: ReturnType<Crib['ctxFor']>) => Promise<T>,
): Promise<T> {
  const crib = await openCrib({ ...readConfig(env), logLevel: 'silent' });
  try {
    return await work(crib, crib.ctxFor({ principal: crib.founded.operator, requestId: 'req_test' }));
  } finally {
    await crib.close();
  }
}

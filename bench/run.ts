// Toolcrib, the direct way and the bare limit, measured in one run (docs/performance.md). `--quick` for a first
// impression, `--profile` for the functions that cost the most. BENCH_DATABASE_URL adds Toolcrib over PostgreSQL.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load } from './load.ts';
import { lanes, measure, metered, type Measured, type Pace, type System } from './measure.ts';
import { readProfile, type Costs } from './read-profile.ts';
import { printCosts, printResults, rowsOf, type Aside, type Results } from './report.ts';
import { measureSessions } from './short-session.ts';
import { pinning, pinSelf, startProcess, stopAll } from './start-process.ts';
import { medians } from './statistics.ts';
import { directTo, startLimit, startToolcrib, type Started } from './systems.ts';
import { createThrowAway } from './throw-away-database.ts';
import type { Workload } from './workloads.ts';

const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean' }, profile: { type: 'boolean' }, only: { type: 'string' } },
});
const repeats = flags.quick ? 1 : 3;
const pace: Pace = flags.quick ? { alone: 0.2, crowd: 0.5 } : { alone: 0.5, crowd: 1.2 };
const sessionCount = flags.quick ? 10 : 40;
const root = join(import.meta.dirname, '..');
const profiles = join(root, '.cache', 'bench');

const others = loadavg()[0]!.toFixed(1);

async function run(): Promise<void> {
  pinSelf();
  const server = process.env['BENCH_DATABASE_URL'];
  const database = server ? await createThrowAway(server) : null;
  try {
    const upstream = await startProcess<{ origin: string }>('upstream.ts', {}, 'others');
    const { origin } = upstream.ready;
    const started = [await startLimit(origin)];
    if (flags.only !== 'server') started.push(await startToolcrib(origin, null));
    if (database && flags.only !== 'embedded') started.push(await startToolcrib(origin, database.url));
    const idle = new Map<string, number>();
    for (const { name, process: own } of started) idle.set(name, await own.ask<number>({ do: 'reset-peak' }));
    for (const system of started) await warm(system);
    const results = await measureAll(directTo(origin), started);
    for (const { name, process: own } of started) {
      const { peak } = await own.ask({ do: 'usage' });
      results[name]!.memory = { idle: idle.get(name)! / 1e6, peak: peak / 1e6 };
    }
    const profiled = flags.quick && !flags.profile ? [] : started.slice(1);
    for (const system of profiled) results[system.name]!.costs = await profile(system);
    report(results);
  } finally {
    await stopAll();
    await database?.drop();
  }
}

/** A first impression does without the crossings of eras, and without the larger replies of the API. */
const isSkipped = ({ name }: Workload): boolean =>
  (flags.quick ?? false) && /old|api issue|api mapped/.test(name);

/** Compilers and pools are warm before anything counts. */
async function warm(system: Started): Promise<void> {
  for (const workload of [...system.workloads, system.list]) {
    if (isSkipped(workload)) continue;
    await load(system.origin, workload, { lanes, seconds: flags.quick ? 0.4 : 1.2, calls: 4000 });
  }
}

async function measureAll(direct: System, started: readonly Started[]): Promise<Results> {
  const calls = new Map<string, Map<string, Measured[]>>();
  const asides = new Map<string, Aside[]>();
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const system of [direct, ...started]) {
      const own = calls.get(system.name) ?? new Map<string, Measured[]>();
      calls.set(system.name, own);
      for (const workload of system.workloads) {
        if (isSkipped(workload)) continue;
        const measured = await measure(system, workload, pace);
        own.set(workload.name, [...(own.get(workload.name) ?? []), measured]);
      }
    }
    for (const system of started) {
      asides.set(system.name, [...(asides.get(system.name) ?? []), await measureAside(system)]);
    }
  }
  const results: Results = {};
  for (const [name, own] of calls) {
    const workloads = Object.fromEntries([...own].map(([workload, all]) => [workload, medians(all)]));
    const aside = asides.get(name);
    results[name] = { workloads, aside: aside ? medians(aside) : null, memory: null, costs: null };
  }
  return results;
}

async function measureAside(system: Started): Promise<Aside> {
  const list = await metered(system, () =>
    load(system.origin, system.list, { lanes: 1, seconds: pace.alone, calls: 200 }),
  );
  const session = async (era: 'modern' | 'legacy'): Promise<{ ms: number; cpu: number }> => {
    if (!system.sessions) return { ms: 0, cpu: 0 };
    const at = { origin: system.origin, ...system.sessions };
    const { crowd, cpu } = await metered(system, async () => {
      const p50 = await measureSessions(era, at, sessionCount);
      return { p50, p99: p50, rate: 0, calls: sessionCount };
    });
    return { ms: crowd.p50, cpu };
  };
  const modern = await session('modern');
  const legacy = await session('legacy');
  return {
    listMs: list.crowd.p50,
    listCpu: list.cpu,
    sessionMs: modern.ms,
    sessionCpu: modern.cpu,
    oldSessionMs: legacy.ms,
    oldSessionCpu: legacy.cpu,
  };
}

async function profile(system: Started): Promise<Costs> {
  const file = join(profiles, `${system.name.replace(/\W+/g, '-').toLowerCase()}.cpuprofile`);
  mkdirSync(profiles, { recursive: true });
  await system.process.ask({ do: 'profile' });
  await load(system.origin, system.workloads[0]!, { lanes, seconds: pace.crowd * 2 });
  await system.process.ask({ do: 'profile-end', file });
  return readProfile(file);
}

function report(results: Results): void {
  const machine = `${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores; Node ${process.version}; ${pinning}; load before: ${others}`;
  console.log(`${new Date().toISOString().slice(0, 10)}  ${machine}\n`);
  printResults(results);
  for (const [system, { costs }] of Object.entries(results)) {
    if (costs) printCosts(system, costs, flags.profile ? 40 : 0);
  }
  const file = join(root, 'bench-results.json');
  writeFileSync(
    file,
    `${JSON.stringify({ at: new Date(), machine, rows: rowsOf(results), results }, null, 2)}\n`,
  );
}

const stopEarly = (): void => void stopAll().then(() => process.exit(1));
process.on('SIGINT', stopEarly);
process.on('SIGTERM', stopEarly);
await run();

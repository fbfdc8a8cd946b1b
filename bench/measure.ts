import { setTimeout as pause } from 'node:timers/promises';
import type { Usage } from './answer-parent.ts';
import { load, type Loaded } from './load.ts';
import type { Workload } from './workloads.ts';

export type System = {
  name: string;
  origin: string;
  workloads: readonly Workload[];
  /** Null: nobody measures the process behind it. */
  usage: (() => Promise<Usage>) | null;
};

/** One workload on one system. Latencies in ms, CPU in µs a call, the in-process database's share apart. */
export type Measured = {
  p50: number;
  rate16: number;
  p99at16: number;
  cpu: number;
  cpuDatabase: number;
};

/** How long each phase runs, in seconds. */
export type Pace = { alone: number; crowd: number };

export const lanes = 16;
/** Rows that follow an answer are written by then, and belong to its price. */
const settle = 150;

export async function measure(system: System, workload: Workload, pace: Pace): Promise<Measured> {
  const alone = await load(system.origin, workload, { lanes: 1, seconds: pace.alone });
  const { crowd, cpu, cpuDatabase } = await metered(system, () =>
    load(system.origin, workload, { lanes, seconds: pace.crowd }),
  );
  return { p50: alone.p50, rate16: crowd.rate, p99at16: crowd.p99, cpu, cpuDatabase };
}

/** CPU of the system's process per call, everything that follows a call included. */
export async function metered(
  { usage }: Pick<System, 'usage'>,
  run: () => Promise<Loaded>,
): Promise<{ crowd: Loaded; cpu: number; cpuDatabase: number }> {
  await pause(settle);
  const before = await usage?.();
  const crowd = await run();
  await pause(settle);
  const after = await usage?.();
  if (!before || !after) return { crowd, cpu: 0, cpuDatabase: 0 };
  return {
    crowd,
    cpu: (after.cpu - before.cpu) / crowd.calls,
    cpuDatabase: (after.database - before.database) / crowd.calls,
  };
}

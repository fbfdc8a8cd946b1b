import type { Costs } from './read-profile.ts';
import type { Measured } from './measure.ts';

/** Beside the calls: ms and CPU µs of a list of 1,000 tools and of a short session; memory in MB. */
export type Aside = {
  listMs: number;
  listCpu: number;
  sessionMs: number;
  sessionCpu: number;
  oldSessionMs: number;
  oldSessionCpu: number;
};

export type SystemResult = {
  workloads: { [name: string]: Measured };
  aside: Aside | null;
  memory: { idle: number; peak: number } | null;
  costs: Costs | null;
};

export type Results = { [system: string]: SystemResult };

/** µs of CPU a call: where we want to be, and what must hold for now. */
export const targets = { echo: { aim: 150, now: 450 }, issue: { aim: 400, now: 1200 } };

const targetOf = (workload: string): { aim: number; now: number } =>
  workload.includes('echo') ? targets.echo : targets.issue;

/** The workload of the direct way, and of the limit, that one is compared with. */
const directOf = (workload: string): string => {
  const tool = workload.includes('echo') ? 'echo' : 'issue';
  return workload.startsWith('api') ? `api ${tool}` : tool;
};
const limitOf = (workload: string): string =>
  ['echo', 'issue', 'mapped'].find((tool) => workload.includes(tool))!;

export type Row = {
  system: string;
  workload: string;
  addedP50: number | null;
  rate16: number;
  p99at16: number;
  cpu: number | null;
  cpuWithoutDatabase: number | null;
  timesLimit: number | null;
  timesAim: number | null;
  holdsNow: boolean | null;
};

export function rowsOf(results: Results): Row[] {
  return Object.entries(results).flatMap(([system, { workloads }]) =>
    Object.entries(workloads).map(([workload, measured]): Row => {
      const isDirect = system === 'direct';
      const direct = results['direct']?.workloads[directOf(workload)];
      const limit = results['the limit']?.workloads[limitOf(workload)];
      const isLimit = system === 'the limit';
      const { aim, now } = targetOf(workload);
      return {
        system,
        workload,
        addedP50: isDirect || !direct ? null : measured.p50 - direct.p50,
        rate16: measured.rate16,
        p99at16: measured.p99at16,
        cpu: isDirect ? null : measured.cpu,
        cpuWithoutDatabase: isDirect ? null : measured.cpu - measured.cpuDatabase,
        timesLimit: isDirect || !limit ? null : measured.cpu / limit.cpu,
        timesAim: isDirect || isLimit ? null : measured.cpu / aim,
        holdsNow: isDirect || isLimit ? null : measured.cpu <= now,
      };
    }),
  );
}

export function printResults(results: Results): void {
  const number = (value: number | null, digits = 0): string => value?.toFixed(digits) ?? '';
  print([
    ['', 'call', 'added p50, ms', 'calls/s at 16', 'p99 at 16, ms', 'CPU, µs', 'less database', '× limit', '× target', 'holds'],
    ...rowsOf(results).map((row) => [
      row.system,
      row.workload,
      number(row.addedP50, 2),
      number(row.rate16),
      number(row.p99at16, 1),
      number(row.cpu),
      number(row.cpuWithoutDatabase),
      number(row.timesLimit, 1),
      number(row.timesAim, 1),
      row.holdsNow === null ? '' : row.holdsNow ? 'yes' : 'NO',
    ]),
  ]); // prettier-ignore
  console.log();
  print([
    ['', 'list of 1,000, ms', 'CPU, µs', 'session 2026, ms', 'CPU, µs', 'session 2025, ms', 'CPU, µs', 'memory idle, MB', 'peak, MB'],
    ...Object.entries(results)
      .filter(([, { memory }]) => memory !== null)
      .map(([system, { aside, memory }]) => [
        system,
        number(aside!.listMs, 1),
        number(aside!.listCpu),
        number(aside!.sessionMs || null, 2),
        number(aside!.sessionCpu || null),
        number(aside!.oldSessionMs || null, 2),
        number(aside!.oldSessionCpu || null),
        number(memory!.idle),
        number(memory!.peak),
      ]),
  ]); // prettier-ignore
}

/** What one system spends an echo on, and with `functions` how much each function. */
export function printCosts(system: string, costs: Costs, functions: number): void {
  console.log(`\n${system}: what an echo costs, in percent of its CPU`);
  const lines = [...costs.parts.filter(([, share]) => share >= 0.01), ...costs.functions.slice(0, functions)];
  for (const [name, share] of lines) console.log(`${(share * 100).toFixed(1).padStart(6)}  ${name}`);
}

function print(table: readonly (readonly string[])[]): void {
  const widths = table[0]!.map((_head, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table) {
    const cells = row.map((cell, at) => (at < 2 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!)));
    console.log(cells.join('  ').trimEnd());
  }
}

import { Client, Pool, type Dispatcher } from 'undici';
import { percentile } from './statistics.ts';
import type { HttpCall, Workload } from './workloads.ts';

/** Milliseconds, and calls per second. */
export type Loaded = { p50: number; p99: number; rate: number; calls: number };

let number = 100_000;
/** Six digits, and never those of the payload's own numbers. */
const nextNumber = (): number => (number = number >= 699_999 ? 100_001 : number + 1);

const longest = 100_000;

/** Calls one after another in `lanes` lanes until time or `calls` is up. Throws at the first wrong answer. */
export async function load(
  origin: string,
  workload: Workload,
  { lanes, seconds, calls = longest }: { lanes: number; seconds: number; calls?: number },
): Promise<Loaded> {
  const pool = new Pool(origin, { connections: lanes, pipelining: 1 });
  const latencies: number[] = [];
  const begun = performance.now();
  const until = begun + seconds * 1000;
  const lane = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (): void => {
        if (performance.now() >= until || latencies.length >= calls) return resolve();
        const own = nextNumber();
        const asked = performance.now();
        send(
          pool,
          workload.ask(own),
          (status, body) => {
            latencies.push(performance.now() - asked);
            if (status === 200 && workload.check(body, own)) next();
            else
              reject(
                new Error(`${workload.name}: wrong answer (${status}) ${body.toString().slice(0, 500)}`),
              );
          },
          reject,
        );
      };
      next();
    });
  try {
    await Promise.all(Array.from({ length: lanes }, lane));
  } finally {
    await pool.destroy();
  }
  const took = (performance.now() - begun) / 1000;
  const sorted = Float64Array.from(latencies).sort();
  return {
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
    rate: latencies.length / took,
    calls: latencies.length,
  };
}

function send(
  at: Dispatcher,
  call: HttpCall,
  done: (status: number, body: Buffer, headers: Record<string, string | string[] | undefined>) => void,
  failed: (error: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let status = 0;
  let headers: Record<string, string | string[] | undefined> = {};
  at.dispatch(call, {
    onRequestStart: () => undefined,
    onResponseStart(_controller, code, received) {
      status = code;
      headers = received;
    },
    onResponseData: (_controller, chunk) => void chunks.push(chunk),
    onResponseEnd: () => done(status, chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks), headers),
    onResponseError: (_controller, error) => failed(error),
  });
}

export type Answered = {
  status: number;
  body: Buffer;
  headers: Record<string, string | string[] | undefined>;
};

/** One connection of its own, for a session. */
export function openLine(origin: string): { ask(call: HttpCall): Promise<Answered>; close(): Promise<void> } {
  const client = new Client(origin);
  return {
    ask: (call) =>
      new Promise((resolve, reject) => {
        send(client, call, (status, body, headers) => resolve({ status, body, headers }), reject);
      }),
    close: () => client.destroy(),
  };
}

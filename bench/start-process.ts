import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command, Usage } from './answer-parent.ts';

export type Process<Ready> = {
  pid: number;
  ready: Ready;
  ask<Answer = Usage>(command: Command): Promise<Answer>;
  stop(): Promise<void>;
};

/** What is measured has the first core for itself; client and upstream share the second. */
export type Core = 'measured' | 'others';

const mayPin = existsSync('/usr/bin/taskset') && availableParallelism() >= 2;
const cores: Record<Core, string> = { measured: '0', others: '1' };

export const pinning = mayPin ? 'taskset: measured process on core 0, client and upstream on core 1' : 'none';

const patience = 60_000;
const running = new Set<Process<unknown>>();

/**
 * Starts one file of `bench/servers` and waits until it is ready. Its errors are ours to show; `directory` is
 * removed when it ends.
 */
export async function startProcess<Ready>(
  file: string,
  environment: Readonly<Record<string, string>>,
  core: Core,
  directory: string | null = null,
): Promise<Process<Ready>> {
  const script = join(import.meta.dirname, 'servers', file);
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', script];
  const [program, ...args] = mayPin ? ['/usr/bin/taskset', '-c', cores[core], ...command] : command;
  const child = spawn(program!, args, {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => {
      if (directory) rmSync(directory, { recursive: true, force: true });
      resolve();
    });
  });
  const answer = <Answer>(): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => settle(() => reject(new Error(`${file} does not answer.`))), patience);
      const ended = (): void => settle(() => reject(new Error(`${file} ended early.`)));
      const answered = ({ value, error }: { value: Answer; error?: string }): void =>
        settle(() => (error === undefined ? resolve(value) : reject(new Error(`${file}: ${error}`))));
      const settle = (how: () => void): void => {
        clearTimeout(timer);
        child.off('exit', ended).off('message', answered);
        how();
      };
      child.once('exit', ended).once('message', answered);
    });
  const ready = await answer<Ready>().catch((error: unknown) => {
    child.kill();
    throw error;
  });
  const process_: Process<Ready> = {
    pid: child.pid!,
    ready,
    ask<Answer>(asked: Command) {
      const answered = answer<Answer>();
      child.send(asked);
      return answered;
    },
    async stop() {
      running.delete(process_);
      const cut = setTimeout(() => child.kill('SIGKILL'), 5_000);
      if (child.exitCode === null && child.connected) child.send({ do: 'stop' } satisfies Command);
      await gone;
      clearTimeout(cut);
    },
  };
  running.add(process_);
  return process_;
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].reverse().map((one) => one.stop()));
}

/** Puts the bench itself beside the upstream. */
export function pinSelf(): void {
  if (!mayPin) return;
  spawn('/usr/bin/taskset', ['-a', '-p', '-c', cores.others, String(process.pid)], { stdio: 'ignore' });
}

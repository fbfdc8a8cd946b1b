import { Session } from 'node:inspector/promises';
import { writeFileSync } from 'node:fs';

/** What a process under measurement says of itself. CPU in µs of all its threads, memory in bytes. */
export type Usage = { cpu: number; rss: number; peak: number; database: number };

export type Command =
  | { do: 'usage' }
  | { do: 'reset-peak' }
  | { do: 'profile' }
  | { do: 'profile-end'; file: string }
  | { do: 'stop' };

/**
 * Answers the bench, which started this process, over its channel; says `ready` first. `databaseTime` tells
 * the µs spent in a database inside this process.
 */
export function answerParent(parts: {
  ready: object;
  databaseTime?: () => number;
  stop: () => Promise<void>;
}): void {
  let peak = 0;
  const look = (): number => {
    const rss = process.memoryUsage.rss();
    peak = Math.max(peak, rss);
    return rss;
  };
  setInterval(look, 100).unref();
  const profiler = new Session();

  const answer = async (command: Command): Promise<unknown> => {
    switch (command.do) {
      case 'usage': {
        const { user, system } = process.cpuUsage();
        return {
          cpu: user + system,
          rss: look(),
          peak,
          database: parts.databaseTime?.() ?? 0,
        } satisfies Usage;
      }
      case 'reset-peak':
        peak = 0;
        return look();
      case 'profile':
        profiler.connect();
        await profiler.post('Profiler.enable');
        await profiler.post('Profiler.setSamplingInterval', { interval: 200 });
        await profiler.post('Profiler.start');
        return null;
      case 'profile-end': {
        const { profile } = await profiler.post('Profiler.stop');
        profiler.disconnect();
        writeFileSync(command.file, JSON.stringify(profile));
        return null;
      }
      case 'stop':
        await parts.stop();
        return null;
    }
  };
  process.on('message', (command: Command) => {
    answer(command).then(
      (value) => process.send?.({ value }, () => command.do === 'stop' && process.disconnect()),
      (error: unknown) => process.send?.({ error: String(error) }),
    );
  });
  // Left behind by a bench that was killed, nothing stays.
  process.on('disconnect', () => process.exit());
  process.send?.({ value: parts.ready });
}

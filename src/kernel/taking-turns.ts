import { setImmediate as breathe } from 'node:timers/promises';

/** Milliseconds of computing before others have their turn. */
const slice = 10;

/** For work over many things: awaited at each of them, so that calls need not wait for all of it. */
export function takingTurns(): () => Promise<void> {
  let started = performance.now();
  return async () => {
    if (performance.now() - started < slice) return;
    await breathe();
    started = performance.now();
  };
}

import { Fault, type Clock } from '../../kernel/index.ts';

export type StepLimit = {
  /** Counts one step of an open link. Fault `rate_limited` when it is one too many. */
  take(token: string): void;
};

const perMinute = 30;
const rememberAtMost = 10_000;

/**
 * Steps ask services: whose key is this, where does one sign in. No person needs thirty a minute, and whoever tries
 * keys out is not to do it through us. In this process: with N replicas N times as many.
 */
export function createStepLimit(clock: Clock): StepLimit {
  const links = new Map<string, { minute: number; used: number }>();
  return {
    take(token) {
      const seconds = Math.floor(clock.now().getTime() / 1000);
      const minute = Math.floor(seconds / 60);
      const known = links.get(token);
      const counted = known?.minute === minute ? known : { minute, used: 0 };
      if (!known && links.size >= rememberAtMost) links.delete(links.keys().next().value ?? '');
      links.set(token, counted);
      counted.used += 1;
      if (counted.used <= perMinute) return;
      throw new Fault('rate_limited', 'Too many steps of one link.', {
        retryAfter: (minute + 1) * 60 - seconds,
      });
    },
  };
}

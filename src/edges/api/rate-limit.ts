import { usualRate, type Principal } from '../../access/index.ts';
import { Fault, type Clock } from '../../kernel/index.ts';

export type RateAnswer = {
  /** The minute's limit, what is left of the tighter window, and when (Unix seconds) that one starts anew. */
  limit: number;
  remaining: number;
  reset: number;
  /** Set when the request is one too many. */
  fault: Fault | null;
};

export type RateLimit = {
  /** Counts a management request of this key; `count: false` only tells where it stands. */
  take(principal: Principal, count: boolean): RateAnswer;
};

const rememberAtMost = 50_000;

type Window = { start: number; used: number };

/**
 * Limits per key, in fixed windows of a minute and an hour, in this process: with N replicas a key may reach
 * N times its limit. Calls have limits of their own and are not counted here.
 */
export function createRateLimit(clock: Clock): RateLimit {
  const keys = new Map<string, { minute: Window; hour: Window }>();

  const windowsOf = (id: string, seconds: number): { minute: Window; hour: Window } => {
    let windows = keys.get(id);
    if (!windows) {
      if (keys.size >= rememberAtMost) keys.delete(keys.keys().next().value ?? '');
      windows = { minute: { start: 0, used: 0 }, hour: { start: 0, used: 0 } };
      keys.set(id, windows);
    }
    for (const [window, length] of [
      [windows.minute, 60],
      [windows.hour, 3600],
    ] as const) {
      const start = seconds - (seconds % length);
      if (window.start !== start) Object.assign(window, { start, used: 0 });
    }
    return windows;
  };

  return {
    take(principal, count) {
      const seconds = Math.floor(clock.now().getTime() / 1000);
      const { minute, hour } = windowsOf(principal.id, seconds);
      const perMinute = principal.rateLimit.perMinute ?? usualRate.perMinute;
      const perHour = principal.rateLimit.perHour ?? usualRate.perHour;
      const isOver = count && (minute.used >= perMinute || hour.used >= perHour);
      if (count && !isOver) {
        minute.used += 1;
        hour.used += 1;
      }
      const left = { minute: Math.max(0, perMinute - minute.used), hour: Math.max(0, perHour - hour.used) };
      const isHourTighter = left.hour < left.minute || (isOver && hour.used >= perHour);
      const reset = isHourTighter ? hour.start + 3600 : minute.start + 60;
      const fault = isOver
        ? new Fault('rate_limited', 'Too many requests with this key.', { retryAfter: reset - seconds })
        : null;
      return { limit: perMinute, remaining: Math.min(left.minute, left.hour), reset, fault };
    },
  };
}

import { endedBy } from '../../egress/index.ts';
import type { CredentialRef, Target } from '../types.ts';
import { openSession } from './open-session.ts';
import { endSession } from './send-aside.ts';
import type { Channel, Session } from './session.ts';

type Entry = { channel: Channel; session: Promise<Session>; current: Session | null; openedAt: number };

/** How long an upstream's era is believed. */
const verdictAge = 24 * 60 * 60 * 1_000;
const mostSessions = 5_000;

/** One session for each connection and credential, opened once however many ask at the same time. */
export type Sessions = {
  /** Rejects when `signal` ends first, or with why the session could not be opened. */
  at(channel: Channel, signal: AbortSignal): Promise<Session>;
  /** The server no longer knows this session, or speaks otherwise than it did. */
  lose(channel: Channel, session: Session): void;
  forget(connectionId: string): Promise<void>;
  close(): Promise<void>;
};

export function createSessions(): Sessions {
  const entries = new Map<string, Entry>();

  const end = async (entry: Entry): Promise<void> => {
    const session = await entry.session.catch(() => null);
    if (session) await endSession(entry.channel, session);
  };

  const open = (key: string, channel: Channel): Entry => {
    const entry: Entry = { channel, session: openSession(channel), current: null, openedAt: Date.now() };
    entries.set(key, entry);
    entry.session.then(
      (session) => (entry.current = session),
      () => {
        if (entries.get(key) === entry) entries.delete(key);
      },
    );
    if (entries.size > mostSessions) {
      const [oldest, evicted] = entries.entries().next().value!;
      entries.delete(oldest);
      void end(evicted);
    }
    return entry;
  };

  return {
    at(channel, signal) {
      const key = keyOf(channel.target, channel.credential);
      let entry = entries.get(key);
      if (entry && Date.now() - entry.openedAt > verdictAge) {
        entries.delete(key);
        void end(entry);
        entry = undefined;
      }
      if (entry?.current && !signal.aborted) return entry.session;
      return entry ? untilEnd(entry.session, signal) : untilEnd(open(key, channel).session, signal);
    },

    lose(channel, session) {
      const key = keyOf(channel.target, channel.credential);
      if (entries.get(key)?.current === session) entries.delete(key);
    },

    async forget(connectionId) {
      const gone = [...entries].filter(([, entry]) => entry.channel.target.connectionId === connectionId);
      for (const [key] of gone) entries.delete(key);
      await Promise.all(gone.map(([, entry]) => end(entry)));
    },

    async close() {
      const gone = [...entries.values()];
      entries.clear();
      await Promise.all(gone.map(end));
    },
  };
}

function keyOf(target: Target, credential: CredentialRef | null): string {
  return `${target.connectionId} ${credential?.credentialId ?? ''} ${target.sealedSecretId ?? ''} ${target.address}`;
}

/** Whoever waits may leave; the session opens for the others all the same. */
function untilEnd(session: Promise<Session>, signal: AbortSignal): Promise<Session> {
  if (signal.aborted) return Promise.reject(endedBy(signal));
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(endedBy(signal));
    signal.addEventListener('abort', leave, { once: true });
    session.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

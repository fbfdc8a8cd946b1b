import type { Bus } from '../../kernel/index.ts';
import type { CredentialRef } from '../../drivers/index.ts';
import { credentialTopic } from './settle-credential.ts';

/** What this process has heard of credentials since the references it is given were made. */
export type CredentialNews = {
  /** The newest reference there is to what this one points at: itself, unless more is known. */
  newest(ref: CredentialRef): CredentialRef;
  /** True where another replica has moved it since: the row says how. */
  hasMoved(ref: CredentialRef): boolean;
  /** What the row said when it was read for this reference. */
  learn(old: CredentialRef, current: CredentialRef): void;
  /** Resolves when something is heard of a credential, or after so many milliseconds. */
  heard(credentialId: string, within: number): Promise<void>;
  close(): void;
};

type Entry = { ref: CredentialRef | null; version: number };

const rememberedAtMost = 20_000;

export function listenForNews(
  bus: Bus,
  forget: (organizationId: string, credentialId: string) => void,
): CredentialNews {
  const entries = new Map<string, Entry>();
  const waiting = new Map<string, Set<() => void>>();

  const entryOf = (credentialId: string): Entry => {
    let entry = entries.get(credentialId);
    if (entry) return entry;
    entry = { ref: null, version: 0 };
    if (entries.size >= rememberedAtMost) entries.delete(entries.keys().next().value ?? '');
    entries.set(credentialId, entry);
    return entry;
  };

  const unsubscribe = bus.subscribe(({ topic, organizationId, subject = '' }) => {
    if (topic !== credentialTopic) return;
    const [credentialId = '', version = ''] = subject.split(':');
    forget(organizationId, credentialId);
    const entry = entryOf(credentialId);
    entry.version = Math.max(entry.version, Number(version) || 0);
    for (const wake of waiting.get(credentialId) ?? []) wake();
  });

  return {
    newest(ref) {
      const known = entries.get(ref.credentialId)?.ref;
      if (!known || known.organizationId !== ref.organizationId) return ref;
      return known.credentialId !== ref.credentialId || known.version > ref.version ? known : ref;
    },
    hasMoved: (ref) => (entries.get(ref.credentialId)?.version ?? 0) > ref.version,
    learn(old, current) {
      entryOf(old.credentialId).ref = current;
      if (current.credentialId !== old.credentialId) entryOf(current.credentialId).ref = current;
    },
    heard(credentialId, within) {
      return new Promise((resolve) => {
        const wakers = waiting.get(credentialId) ?? new Set();
        waiting.set(credentialId, wakers);
        const wake = (): void => {
          clearTimeout(timer);
          wakers.delete(wake);
          if (wakers.size === 0) waiting.delete(credentialId);
          resolve();
        };
        const timer = setTimeout(wake, within);
        wakers.add(wake);
      });
    },
    close: unsubscribe,
  };
}

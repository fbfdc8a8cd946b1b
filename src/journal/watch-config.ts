import type { Bus, Database } from '../kernel/index.ts';
import { configChanged, configVersions } from './audit-store.ts';

/** Tells when an organization's configuration moved: at once over the bus, within seconds without it. */
export type ConfigWatch = {
  /** From now on this organization's version is compared even if no message comes. */
  track(organizationId: string): void;
  /** Listeners run in the order they came: what remembers less should listen first. */
  onChange(listener: (organizationId: string) => void): () => void;
  close(): void;
};

/** How often versions are compared where messages may get lost. */
const interval = 2_000;

export function createConfigWatch(deps: {
  database: Database;
  bus: Bus;
  onError: (error: unknown) => void;
}): ConfigWatch {
  const versions = new Map<string, string | null>();
  const listeners = new Set<(organizationId: string) => void>();
  const tell = (organizationId: string): void => {
    for (const listener of listeners) listener(organizationId);
  };
  const unsubscribe = deps.bus.subscribe((message) => {
    if (message.topic === configChanged) tell(message.organizationId);
  });

  const compare = async (): Promise<void> => {
    const tracked = [...versions.keys()];
    if (tracked.length === 0) return;
    const now = await deps.database.transaction('system', (tx) => configVersions(tx, tracked));
    for (const [organizationId, version] of now) {
      const known = versions.get(organizationId);
      versions.set(organizationId, version);
      if (known !== version) tell(organizationId);
    }
  };
  // One process with its own database hears of every change; replicas may be cut off from the bus.
  const timer =
    deps.database.kind === 'server' ? setInterval(() => void compare().catch(deps.onError), interval) : null;
  timer?.unref();

  return {
    track(organizationId) {
      if (!versions.has(organizationId)) versions.set(organizationId, null);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      unsubscribe();
      if (timer) clearInterval(timer);
    },
  };
}

/** Work that all who ask for it at the same time share. */
export function sharing<T>(): {
  run(key: string, work: () => Promise<T>): Promise<T>;
  settled(): Promise<unknown>;
} {
  const underWay = new Map<string, Promise<T>>();
  return {
    run(key, work) {
      const known = underWay.get(key);
      if (known) return known;
      const running = work().finally(() => underWay.delete(key));
      underWay.set(key, running);
      return running;
    },
    settled: () => Promise.allSettled(underWay.values()),
  };
}

import type { Pool } from 'pg';
import { databaseFault, newId } from '../kernel/index.ts';
import type { CallEnd, CallJournal, CallStart, KeptArguments } from './call.ts';
import { writeEnds, writeStarts, writeStartWithin } from './call-store.ts';
import { writeKept } from './kept-arguments-store.ts';

export type CallJournalOptions = {
  pool: Pool;
  /** How long ends may wait for company, in milliseconds. */
  endDelay?: number;
  onError: (error: unknown) => void;
  /** Told of each row as it is written: feeds the live call log. */
  onEnd?: (row: CallEnd) => void;
  /** Told when ends were written that webhooks may want to hear of. */
  onEvents?: () => void;
};

const startBatch = 256;
const endBatch = 512;
const endQueueLimit = 50_000;
/** Arguments are sealed as they are written: so many at a time that calls are not kept waiting by it. */
const keptBatch = 128;
const keptQueueLimit = 5_000;

/**
 * Starts by group commit: whatever waits while one batch is being written goes out as the next, so a lone
 * call waits for nobody and a crowd shares one statement. Ends follow in larger batches after the answers.
 */
export function createCallJournal(options: CallJournalOptions): CallJournal & { replicaId: string } {
  const { pool } = options;
  const replicaId = newId();
  const delay = options.endDelay ?? 50;
  let starts: { row: CallStart; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let ends: CallEnd[] = [];
  let kept: (() => Promise<KeptArguments | null>)[] = [];
  let startsBusy: Promise<void> | null = null;
  let endsBusy: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const flushStarts = async (): Promise<void> => {
    while (starts.length > 0) {
      const batch = starts.slice(0, startBatch);
      starts = starts.slice(startBatch);
      try {
        await writeStarts(
          pool,
          batch.map((waiting) => waiting.row),
          replicaId,
        );
        for (const waiting of batch) waiting.resolve();
      } catch (error) {
        if (batch.length > 1 && isAboutARow(error)) await startSingly(batch);
        else {
          const fault = databaseFault(error);
          for (const waiting of batch) waiting.reject(fault);
        }
      }
    }
    startsBusy = null;
  };

  /** One row that cannot be written must not cost the others of its batch, which are other callers'. */
  const startSingly = async (batch: typeof starts): Promise<void> => {
    for (const { row, resolve, reject } of batch) {
      await writeStarts(pool, [row], replicaId).then(resolve, (error: unknown) =>
        reject(databaseFault(error)),
      );
    }
  };
  const endSingly = async (batch: readonly CallEnd[]): Promise<void> => {
    for (const row of batch) {
      try {
        await writeEnds(pool, [row]);
      } catch (error) {
        // Given up where it is the row's own fault; the sweep calls it unknown.
        if (!isAboutARow(error)) throw error;
        options.onError(error);
      }
    }
  };

  const flush = async (): Promise<void> => {
    do {
      if (!(await flushEnds())) break;
      await flushKept();
    } while (ends.length > 0 || kept.length > 0);
    endsBusy = null;
  };

  const flushEnds = async (): Promise<boolean> => {
    if (timer) clearTimeout(timer);
    timer = null;
    while (ends.length > 0) {
      const batch = ends.slice(0, endBatch);
      try {
        await writeEnds(pool, batch).catch((error: unknown) => {
          if (!isAboutARow(error)) throw error;
          return endSingly(batch);
        });
        ends = ends.slice(batch.length);
        if (batch.some((row) => row.event)) options.onEvents?.();
      } catch (error) {
        // Kept for the next round; past the limit the oldest are given up, and the sweep calls them unknown.
        if (ends.length > endQueueLimit) ends = ends.slice(ends.length - endQueueLimit);
        options.onError(error);
        schedule(1000);
        return false;
      }
    }
    return true;
  };

  /** Calls do not depend on them: what cannot be written is let go. */
  const flushKept = async (): Promise<void> => {
    while (kept.length > 0) {
      const batch = kept.splice(0, keptBatch);
      try {
        const rows = (await Promise.all(batch.map((make) => make()))).filter((row) => row !== null);
        if (rows.length > 0) await writeKept(pool, rows);
      } catch (error) {
        options.onError(error);
      }
    }
  };

  const schedule = (after: number): void => {
    if (timer) return;
    timer = setTimeout(() => {
      endsBusy ??= flush();
    }, after);
  };

  const drain = async (): Promise<void> => {
    while (startsBusy || endsBusy) await (startsBusy ?? endsBusy);
    if (ends.length > 0 || kept.length > 0) await (endsBusy ??= flush());
  };

  return {
    replicaId,
    start(row) {
      return new Promise((resolve, reject) => {
        starts.push({ row, resolve, reject });
        // The next turn of the event loop: calls that arrived together are written together.
        startsBusy ??= new Promise<void>((next) => setImmediate(next)).then(flushStarts);
      });
    },
    startWithin: (tx, row) => writeStartWithin(tx, row, replicaId),
    end(row) {
      // A call that ends after the last batch was written: its start's deadline makes it `unknown`.
      if (closed) return;
      ends.push(row);
      options.onEnd?.(row);
      if (ends.length >= endBatch) endsBusy ??= flush();
      else if (!endsBusy) schedule(delay);
    },
    keep(make) {
      if (closed || kept.length >= keptQueueLimit) return;
      kept.push(make);
      if (!endsBusy) schedule(delay);
    },
    drain,
    async close() {
      await drain();
      closed = true;
      if (timer) clearTimeout(timer);
      timer = null;
    },
  };
}

/** SQLSTATE class 22: a value that the database cannot hold, which no second try makes better. */
const isAboutARow = (error: unknown): boolean =>
  error instanceof Error && String((error as { code?: unknown }).code).startsWith('22');

import { sql, type Kysely } from 'kysely';
import { countAll, paged, type Database, type Listed, type ListPage, type Tx } from '../kernel/index.ts';
import type { JournalTables } from './tables.ts';

/** One request to the API by a key: what the operator's logs of API calls show. No query values, no bodies. */
export type RequestRow = {
  organizationId: string;
  /** The id on the response, as a UUID. */
  requestId: string;
  createdAt: Date;
  keyId: string;
  method: string;
  path: string;
  status: number;
  durationUs: number;
};

/** Where requests are written down: shortly after, together, and given up rather than in anybody's way. */
export type RequestJournal = {
  record(row: RequestRow): void;
  drain(): Promise<void>;
  close(): Promise<void>;
};

const batchSize = 500;
const queueLimit = 10_000;

export function createRequestJournal(options: {
  database: Database;
  onError: (error: unknown) => void;
  /** Milliseconds between writes. */
  delay?: number;
}): RequestJournal {
  let queue: RequestRow[] = [];
  let busy: Promise<void> | null = null;

  const flush = async (): Promise<void> => {
    try {
      while (queue.length > 0) {
        const batch = queue.slice(0, batchSize);
        queue = queue.slice(batch.length);
        await options.database.transaction('system', (tx) => writeRequests(tx, batch));
      }
    } catch (error) {
      options.onError(error);
    } finally {
      busy = null;
    }
  };
  const drain = async (): Promise<void> => {
    while (busy || queue.length > 0) await (busy ??= flush());
  };
  // Made here, outside of any request, so that a flush never inherits a request's open transaction.
  const timer = setInterval(() => void drain(), options.delay ?? 1000);
  timer.unref();

  return {
    record(row) {
      if (queue.length < queueLimit) queue.push(row);
    },
    drain,
    async close() {
      clearInterval(timer);
      await drain();
    },
  };
}

async function writeRequests(tx: Tx, rows: readonly RequestRow[]): Promise<void> {
  await sql`
    insert into request_log (organization_id, request_id, created_at, key_id, method, path, status, duration_us)
    select * from unnest(${rows.map((row) => row.organizationId)}::uuid[], ${rows.map((row) => row.requestId)}::uuid[],
      ${rows.map((row) => row.createdAt.toISOString())}::timestamptz[], ${rows.map((row) => row.keyId)}::uuid[],
      ${rows.map((row) => row.method)}::text[], ${rows.map((row) => row.path)}::text[],
      ${rows.map((row) => row.status)}::int[], ${rows.map((row) => row.durationUs)}::int[])
    on conflict do nothing`.execute(tx.kysely);
}

export type RequestFilter = { keyId?: string; method?: string; status?: number; from?: Date; to?: Date };

/** Requests, newest first. */
export async function readRequests(
  tx: Tx,
  organizationId: string,
  filter: RequestFilter,
  page: ListPage,
): Promise<Listed<RequestRow>> {
  let base = (tx.kysely as Kysely<JournalTables>)
    .selectFrom('request_log')
    .where('organization_id', '=', organizationId);
  if (filter.keyId) base = base.where('key_id', '=', filter.keyId);
  if (filter.method) base = base.where('method', '=', filter.method);
  if (filter.status !== undefined) base = base.where('status', '=', filter.status);
  if (filter.from) base = base.where('created_at', '>=', filter.from);
  if (filter.to) base = base.where('created_at', '<=', filter.to);
  let query = base
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('request_id', 'desc')
    .limit(page.limit + 1);
  if ('offset' in page) query = query.offset(page.offset);
  else if (page.after) {
    const { at, id } = page.after;
    query = query.where(sql<boolean>`(created_at, request_id) < (${at}::timestamptz, ${id}::uuid)`);
  }
  const count = 'offset' in page ? (await base.select(countAll).executeTakeFirstOrThrow()).total : null;
  const stored = await query.execute();
  const listed = paged(stored, page.limit, (row) => ({ at: row.created_at, id: row.request_id }), count);
  return {
    ...listed,
    rows: listed.rows.map((row) => ({
      organizationId: row.organization_id,
      requestId: row.request_id,
      createdAt: row.created_at,
      keyId: row.key_id,
      method: row.method,
      path: row.path,
      status: row.status,
      durationUs: row.duration_us,
    })),
  };
}

/** Drops rows older than `before`: the request log is for looking something up, not an audit. */
export async function forgetRequests(tx: Tx, before: Date): Promise<void> {
  await (tx.kysely as Kysely<JournalTables>)
    .deleteFrom('request_log')
    .where('created_at', '<', before)
    .execute();
}

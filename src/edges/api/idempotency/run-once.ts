import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { Fault, type Clock, type Database } from '../../../kernel/index.ts';
import type { Vault } from '../../../vault/index.ts';
import type { Reply } from '../reply.ts';
import { claim, findKept, forgetExpired, keep, release, type Claim, type Kept } from './store.ts';

const day = 24 * 3600 * 1000;
const longestWait = 10_000;

export type Once = {
  claim: Claim;
  method: string;
  /** Path and query, as sent. */
  target: string;
  body: Buffer;
};

export type Idempotency = {
  /**
   * Runs `execute` for the first request with this key and answers every other one with what it answered,
   * for 24 hours. Fault `conflict`: `idempotency_key_reused` for another request, `idempotency_in_progress`
   * when the first has no answer yet after ten seconds. Answers of 500 and above are not kept.
   */
  runOnce(once: Once, execute: () => Promise<Reply>): Promise<Reply>;
  /** Drops what is older than 24 hours. */
  sweep(): Promise<void>;
};

/** The value of an Idempotency-Key header: 1 to 128 visible ASCII characters. */
export function readIdempotencyKey(value: string | string[] | undefined): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && /^[\x21-\x7e]{1,128}$/.test(value)) return value;
  const message = 'Idempotency-Key must be 1 to 128 visible ASCII characters.';
  throw new Fault('invalid', message, {
    problems: [{ type: 'value_error', place: 'header', path: ['Idempotency-Key'], message }],
  });
}

export function createIdempotency(deps: { database: Database; clock: Clock; vault: Vault }): Idempotency {
  const { database, clock, vault } = deps;
  // Executions of this process: whoever waits for one is woken by it instead of asking the database.
  const running = new Map<string, Promise<void>>();
  const expired = (): Date => new Date(clock.now().getTime() - day);

  const execute = async ({ claim: taken }: Once, work: () => Promise<Reply>): Promise<Reply> => {
    const { organizationId } = taken;
    let reply: Reply | null = null;
    try {
      reply = await work();
    } finally {
      // Nothing was done, as far as we know: the next try may do it.
      if (!reply || reply.status >= 500) {
        await database.transaction({ organizationId }, (tx) => release(tx, taken)).catch(() => undefined);
      }
    }
    if (reply.status >= 500) return reply;
    const { status, contentType } = reply;
    const plain = Buffer.from(reply.body, 'utf8');
    const { sealed, keyVersion } = await vault.seal(organizationId, contextOf(taken), plain);
    // From here on the claim stays whatever happens: without an answer to repeat, a repeat is refused.
    await database.transaction({ organizationId }, (tx) =>
      keep(tx, taken, { status, contentType, sealed, keyVersion }),
    );
    return reply;
  };

  const replay = async (taken: Claim, row: Kept): Promise<Reply> => {
    const sealed = { sealed: row.response!, keyVersion: row.key_version! };
    const body = (await vault.open(taken.organizationId, contextOf(taken), sealed)).toString('utf8');
    const headers = { 'Idempotent-Replayed': 'true' };
    return { status: row.status!, contentType: row.content_type, body, headers };
  };

  return {
    async runOnce(once, work) {
      const taken = once.claim;
      const scope = { organizationId: taken.organizationId };
      const name = `${taken.organizationId}:${taken.keyId}:${taken.idempotencyKey}`;
      const hash = hashOf(once);
      const until = Date.now() + longestWait;
      for (let pause = 20; ; pause = Math.min(pause * 2, 500)) {
        const row = await database.transaction(scope, async (tx) => {
          const isOurs = await claim(tx, taken, hash, clock.now(), expired());
          return isOurs ? 'ours' : ((await findKept(tx, taken)) ?? 'gone');
        });
        if (row === 'ours') {
          const done = execute(once, work);
          const settled = done.then(
            () => undefined,
            () => undefined,
          );
          running.set(name, settled);
          return done.finally(() => running.delete(name));
        }
        if (row !== 'gone') {
          if (!row.request_hash.equals(hash)) throw reused();
          if (row.status !== null) return replay(taken, row);
        }
        const left = until - Date.now();
        if (left <= 0) throw inProgress();
        const here = running.get(name);
        await Promise.race([
          wait(here ? left : Math.min(pause, left), undefined, { ref: false }),
          ...(here ? [here] : []),
        ]);
      }
    },
    sweep: () => database.transaction('system', (tx) => forgetExpired(tx, expired())),
  };
}

const contextOf = ({ keyId, idempotencyKey }: Claim): string => `idempotency:${keyId}:${idempotencyKey}`;

function hashOf({ method, target, body }: Once): Buffer {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest();
}

const reused = (): Fault =>
  new Fault('conflict', 'This Idempotency-Key was used for another request.', {
    code: 'idempotency_key_reused',
  });

const inProgress = (): Fault =>
  new Fault('conflict', 'The first request with this Idempotency-Key has no answer yet.', {
    code: 'idempotency_in_progress',
  });

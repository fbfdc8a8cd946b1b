import type { Database } from '../kernel/index.ts';
import { auditHash, chainStart } from './audit.ts';
import { auditHeads, auditLinks } from './audit-store.ts';

/** What walking one organization's chain found: how many rows hold, and the first that does not. */
export type ChainCheck = {
  organizationId: string;
  rows: number;
  lastHash: string;
  bad: { seq: string; id: string | null; reason: string } | null;
};

/** Walks audit chains from their first row, in batches: one organization's, or every one's. */
export async function verifyAudit(
  database: Database,
  only: string | null = null,
): Promise<readonly ChainCheck[]> {
  const heads = await database.transaction('system', auditHeads);
  const checks: ChainCheck[] = [];
  for (const head of heads) {
    if (only === null || head.organizationId === only) checks.push(await walkChain(database, head));
  }
  return checks;
}

const batch = 1000;

async function walkChain(
  database: Database,
  head: { organizationId: string; seq: bigint; hash: Buffer },
): Promise<ChainCheck> {
  const { organizationId } = head;
  let previous: Buffer = chainStart;
  let seq = 0n;
  const found = (bad: ChainCheck['bad']): ChainCheck => ({
    organizationId,
    rows: Number(seq),
    lastHash: previous.toString('hex'),
    bad,
  });
  for (;;) {
    const after = seq;
    const links = await database.transaction({ organizationId }, (tx) =>
      auditLinks(tx, organizationId, { after, last: head.seq, limit: batch }),
    );
    for (const { row, hash } of links) {
      if (BigInt(row.seq) !== seq + 1n) {
        return found({ seq: row.seq, id: row.id, reason: `row ${seq + 1n} is missing` });
      }
      const expected = auditHash(previous, row);
      if (!expected.equals(hash)) return found({ seq: row.seq, id: row.id, reason: 'the row was changed' });
      previous = hash;
      seq += 1n;
    }
    if (links.length < batch) break;
  }
  if (seq !== head.seq || !previous.equals(head.hash)) {
    return found({ seq: String(seq + 1n), id: null, reason: 'rows at the end are missing' });
  }
  return found(null);
}

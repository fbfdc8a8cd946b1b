import { findConnection, updateConnectionRow, type Connection } from '../connections/index.ts';
import { change } from '../access/index.ts';
import { createSample, startHelpdesk, type Helpdesk, type Sample } from '../sample/index.ts';
import type { Crib } from './open-crib.ts';

export type RunningSample = { helpdesk: Helpdesk; made: Sample | null };

const sampleSlug = 'helpdesk';

/**
 * Runs the sample service, and connects it at the very first start. A sample that somebody deleted stays
 * deleted; one whose port was taken meanwhile moves with its service.
 */
export async function sampleAtStart(crib: Crib): Promise<RunningSample | null> {
  if (!crib.config.sample) return null;
  const { operator, adminKey } = crib.founded;
  const ctx = crib.ctxFor({ principal: operator, requestId: 'req_start' });
  const { organizationId } = operator;
  if (adminKey !== null) {
    const helpdesk = await startHelpdesk(null);
    return { helpdesk, made: await createSample(ctx, { helpdeskUrl: helpdesk.url }) };
  }
  const connection = await crib.database.transaction({ organizationId }, (tx) =>
    findConnection(tx, organizationId, { slug: sampleSlug }),
  );
  if (!connection?.isSample) return null;
  const helpdesk = await startHelpdesk(Number(new URL(connection.address).port));
  if (helpdesk.url !== new URL(connection.address).origin) await moveSample(ctx, connection, helpdesk.url);
  return { helpdesk, made: null };
}

async function moveSample(
  ctx: ReturnType<Crib['ctxFor']>,
  connection: Connection,
  origin: string,
): Promise<void> {
  await change(ctx, 'connection.moved', async (tx) => {
    const moved = await updateConnectionRow(tx, connection.organizationId, connection.id, {
      address: `${origin}${new URL(connection.address).pathname}`,
      local_origin: origin,
      metadata: JSON.stringify({ ...connection.metadata, document_url: `${origin}/openapi.json` }),
      updated_at: ctx.clock.now(),
    });
    return {
      result: undefined,
      target: { type: 'connection', id: moved.id },
      changes: { address: { from: connection.address, to: moved.address } },
    };
  });
}

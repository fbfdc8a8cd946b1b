import type { Connection } from '../connections/index.ts';
import type { Tx } from '../kernel/index.ts';
import { deleteToolRows } from './store.ts';
import type { Tool } from './tool.ts';

/** Tools that came and went while nobody said yes to them, of one connection. */
const rememberedAtMost = 1_000;

/**
 * A service may list other names whenever it is read: of those that nobody accepted and that are gone, the ones seen
 * last are remembered, and every one of which somebody has said anything.
 */
export async function forgetUnaccepted(
  tx: Tx,
  { organizationId }: Connection,
  tools: readonly Tool[],
): Promise<void> {
  const gone = tools.filter((tool) => tool.acceptedAt === null && tool.vanishedAt !== null);
  if (gone.length <= rememberedAtMost) return;
  const old = gone
    .toSorted((a, b) => b.lastSeenAt.getTime() - a.lastSeenAt.getTime())
    .slice(rememberedAtMost)
    .filter(isUntouched);
  await deleteToolRows(
    tx,
    organizationId,
    old.map(({ id }) => id),
  );
}

function isUntouched({
  source,
  layers,
  curation,
  extraParameters,
  learnedSchema,
  keepsArguments,
}: Tool): boolean {
  const { isEnabled, inputs: _inputs, ...said } = curation;
  const words = [layers.inputs, layers.defaults, learnedSchema, ...Object.values(said)];
  const isPlain = source === 'service' && !isEnabled && keepsArguments && extraParameters.length === 0;
  return isPlain && words.every((one) => one === null);
}

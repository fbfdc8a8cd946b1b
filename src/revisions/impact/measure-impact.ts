import { holdsScope, mayUsePack, read, type Ctx } from '../../access/index.ts';
import { seesAgent } from '../../agents/index.ts';
import { rehearse } from '../../kernel/index.ts';
import type { Pack } from '../../packs/index.ts';
import type { Vault } from '../../vault/index.ts';
import { compareTools, type Affected } from './compare-tools.ts';
import type { Impact } from './impact.ts';
import { readLastCalls } from './read-calls.ts';
import { replay } from './replay.ts';
import { servingOf } from './serving.ts';
import { readState, type State, type Touched } from './state.ts';

/**
 * What a change would do: the very command is run in a transaction that is rolled back, and what is served before and
 * after it is compared, on the tools and on the last calls. It says yes and no as it does in earnest, and nothing that
 * it writes stays. `work` has to use the context it is given, and may ask nobody outside.
 */
export async function measureImpact<C extends Ctx & { vault: Vault }>(
  ctx: C,
  touched: Touched,
  work: (ctx: C) => Promise<unknown>,
): Promise<Impact> {
  const { principal } = ctx.caller;
  const { organizationId } = principal;
  const [before, after] = await rehearse(ctx.database, { organizationId }, async (database) => {
    const at = { ...ctx, database };
    const state = (): Promise<State> => read(at, (tx) => readState(tx, organizationId, touched));
    const first = await state();
    await work(at);
    return [first, await state()] as const;
  });
  const affected = await compareTools(before, after, touched, principal);
  const connectionIds = [...new Set([...before.connections.keys(), ...after.connections.keys()])];
  const calls = await readLastCalls(ctx, connectionIds, touched);
  const packs = [...before.packs, ...after.packs].filter(
    (pack) => mayUsePack(principal, pack.id) && listsAny(pack, affected),
  );
  const agents = [...before.agents, ...after.agents].filter(
    ({ agent, pack }) => seesAgent(principal, agent) && listsAny(pack, affected),
  );
  const replayed = replay(calls, servingOf(before), servingOf(after));
  return {
    tools: affected.map(({ said }) => said),
    packs: once(packs).map(({ id, slug }) => ({ id, slug })),
    agents: once(agents.map(({ agent }) => agent)).map(({ id, handle }) => ({ id, handle })),
    // Which calls there were is told to whoever may read them.
    replayed: holdsScope(principal, 'calls:read') ? replayed : { ...replayed, examples: [] },
  };
}

const listsAny = ({ entries }: Pack, affected: readonly Affected[]): boolean =>
  affected.some(
    ({ connectionId, names }) =>
      names.length > 0 &&
      entries.some(
        ({ connection, selection }) =>
          connection.id === connectionId &&
          (selection.kind === 'all' || names.some((name) => selection.names.includes(name))),
      ),
  );

const once = <T extends { id: string }>(things: readonly T[]): readonly T[] => [
  ...new Map(things.map((thing) => [thing.id, thing])).values(),
];

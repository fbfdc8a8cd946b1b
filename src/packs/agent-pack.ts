import type { Connection } from '../connections/index.ts';
import type { Clock, Tx } from '../kernel/index.ts';
import type { Pack } from './pack.ts';
import { deleteAgentEntries, findAgentPack, insertPack, writeEntries } from './store.ts';

/** Which tools of which connections: what an agent is given. */
export type Assigned = ReadonlyMap<Connection, readonly string[]>;

/** Makes the pack that is an agent's own. It has the agent's id and no slug that a person could choose. */
export async function makeAgentPack(
  tx: Tx,
  clock: Clock,
  organizationId: string,
  agentId: string,
): Promise<Pack> {
  const now = clock.now();
  await insertPack(tx, {
    organization_id: organizationId,
    pack_id: agentId,
    agent_id: agentId,
    slug: `agents/${agentId}`,
    name: '',
    description: '',
    names: 'prefixed',
    approve_by: 'member',
    mode: 'list',
    favourites: '[]',
    is_sample: false,
    created_at: now,
    updated_at: now,
  });
  return (await findAgentPack(tx, organizationId, agentId))!;
}

/** Puts these tools in the place of what the agent had. Agents act with the organization's credential. */
export async function assignTools(tx: Tx, pack: Pack, assigned: Assigned): Promise<void> {
  await writeEntries(
    tx,
    pack,
    [...assigned].map(([connection, names]) => ({
      connection,
      authScope: 'ORGANIZATION',
      selection: { kind: 'exactly', names },
      overrides: {},
    })),
  );
}

/** The connection goes: no agent has tools of it any more. Nothing is sealed in what agents are given. */
export function unassignConnection(tx: Tx, connection: Connection): Promise<void> {
  return deleteAgentEntries(tx, connection.organizationId, connection.id);
}

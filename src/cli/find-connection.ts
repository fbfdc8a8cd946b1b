import type { Api } from './api.ts';
import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';
import type { WireConnection } from './wire.ts';

/** The connection of this slug or id, or a failure that says which there are. */
export async function findConnection(api: Api, named: string): Promise<WireConnection> {
  const connections = await api.list<WireConnection>('/v1/connections');
  const found = connections.find(({ slug, id }) => slug === named || id === named);
  if (found) return found;
  const slugs = connections.map(({ slug }) => slug);
  const near = nearest(named, slugs);
  const hint = near
    ? `Did you mean “${near}”?`
    : `There are: ${slugs.slice(0, 20).join(', ') || 'none yet'}.`;
  throw new Failure(`There is no connection “${named}”. ${hint}`);
}

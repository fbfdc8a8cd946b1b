import type { Api } from './api.ts';
import { Failure } from './failure.ts';
import { nearest } from './nearest.ts';
import type { WirePack } from './wire.ts';

/** The pack of this slug, name or id. Failure that names the nearest. */
export async function findPack(api: Api, named: string): Promise<WirePack> {
  const packs = await api.list<WirePack>('/v1/packs');
  const found =
    packs.find(({ slug, id }) => slug === named || id === named) ?? packs.find(({ name }) => name === named);
  if (found) return found;
  const near = nearest(
    named,
    packs.map(({ slug }) => slug),
  );
  const hint = near
    ? `Did you mean “${near}”?`
    : packs.length > 0
      ? `There are: ${packs.map(({ slug }) => slug).join(', ')}.`
      : `Make one with: toolcrib pack ${named} --from SLUG`;
  throw new Failure(`There is no pack “${named}”. ${hint}`);
}

import { foundOrganization, operatorPrincipal, organizationRows, type Principal } from '../access/index.ts';
import { holdLock, type Clock, type Database } from '../kernel/index.ts';
import { installationSecret, sealInstallation, type Vault } from '../vault/index.ts';

export type Founded = {
  /** The admin key's text, at the very first start only. */
  adminKey: string | null;
  operator: Principal;
  /** What signing keys are derived from, the same on every replica. */
  secret: Buffer;
};

/** Held while founding, so that two replicas starting at once make one organization. */
const foundingLock = 7_420;

/** Makes the first organization where there is none, and answers what every start needs of it. */
export async function foundOnce(
  deps: { database: Database; clock: Clock; vault: Vault },
  adminKey: string | null,
): Promise<Founded> {
  const { database, clock, vault } = deps;
  const founded = await database.transaction('system', async (tx) => {
    await holdLock(tx, foundingLock);
    if ((await organizationRows(tx)).length > 0) return null;
    const made = await foundOrganization(tx, {
      slug: 'default',
      name: 'Default',
      isOperator: true,
      adminKey: adminKey ?? undefined,
      now: clock.now(),
      prepareVault: (inner, organizationId) => vault.prepare(inner, organizationId),
    });
    await sealInstallation(tx, vault, made.organization.id);
    return made;
  });
  const { operator, place } = await database.transaction('system', async (tx) => ({
    operator: (await operatorPrincipal(tx))!,
    place: (await installationSecret(tx))!,
  }));
  return { adminKey: founded?.adminKey ?? null, operator, secret: await vault.openInstallation(place) };
}

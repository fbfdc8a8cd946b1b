import { findCompany, findOrganization, findUser } from '../../access/index.ts';
import { Fault, type Clock, type Database, type Tx } from '../../kernel/index.ts';
import type { Catalog } from '../../connectors/index.ts';
import type { Drivers } from '../../drivers/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { Acting } from '../../access/index.ts';
import type { Connection } from '../connection.ts';
import type { CredentialKeeper } from '../refresh/credential-keeper.ts';
import type { ConnectionHooks } from '../hooks.ts';
import { hashOf, linkOf, type Link } from './link.ts';
import { bindLink, findLink, findLinkByHash, type LinkRow } from './link-store.ts';
import { findConnection } from '../store.ts';

/** What the connect flow needs; there is no caller: who holds a link may follow it. */
export type FlowDeps = {
  database: Database;
  clock: Clock;
  vault: Vault;
  drivers: Drivers;
  catalog: Catalog;
  connectionHooks: ConnectionHooks;
  keeper: CredentialKeeper;
  publicUrl: string;
};

/** A link that may be followed, by the browser it belongs to. */
export type Entered = {
  link: Link;
  browserHash: Buffer;
  connection: Connection;
  organization: { name: string; callbackUrls: readonly string[] };
  /** For whom, as a person reads it. */
  forWhom: string;
};

/** One sentence for every reason, so that a link tells nothing to whom it does not belong. */
export const deadLink = (): Fault =>
  new Fault(
    'not_found',
    'This link cannot be used: it was used already, has run out, or was opened in another browser. Ask for a new one.',
    { code: 'link_dead' },
  );

/** Checks a link and gives it to the browser if it is the first. Fault `not_found` for every link that cannot be followed. */
export async function enterLink(deps: FlowDeps, token: string, browser: string): Promise<Entered> {
  if (token.length > 100 || browser.length < 16) throw deadLink();
  const found = await deps.database.transaction('system', (tx) => findLinkByHash(tx, hashOf(token)));
  if (!found) throw deadLink();
  return enterById(deps, { organizationId: found.organization_id, linkId: found.link_id }, browser);
}

export async function enterById(
  deps: FlowDeps,
  at: { organizationId: string; linkId: string },
  browser: string,
): Promise<Entered> {
  const { organizationId, linkId } = at;
  const browserHash = hashOf(browser);
  return deps.database.transaction({ organizationId }, async (tx) => {
    const row = await findLink(tx, organizationId, linkId, true);
    const link = row && linkOf(row);
    if (!link || !isLive(link, deps.clock.now())) throw deadLink();
    const entered = await describe(tx, deps, link, browserHash);
    const isOwn = await bindLink(tx, organizationId, linkId, browserHash, deps.clock.now());
    if (!isOwn) throw deadLink();
    return entered;
  });
}

const isLive = (link: Link, now: Date): boolean => link.usedAt === null && link.expiresAt > now;

async function describe(tx: Tx, deps: FlowDeps, link: Link, browserHash: Buffer): Promise<Entered> {
  const { organizationId } = link;
  const connection = await findConnection(tx, organizationId, { id: link.connectionId });
  const organization = await findOrganization(tx, { id: organizationId });
  if (!connection || !organization) throw deadLink();
  const forWhom = await ownerLabel(tx, link, organization.name);
  if (forWhom === null || !(await deps.connectionHooks.isLinkCurrent(tx, link))) throw deadLink();
  return {
    link,
    browserHash,
    connection,
    organization: { name: organization.name, callbackUrls: organization.callback_urls as string[] },
    forWhom,
  };
}

/** The owner's name; null where the link's user is gone or has changed company since it was made. */
async function ownerLabel(tx: Tx, link: Link, organization: string): Promise<string | null> {
  const { organizationId, owner, userId } = link;
  const user = userId === null ? undefined : await findUser(tx, organizationId, userId);
  if (userId !== null && !user) return null;
  switch (owner.type) {
    case 'organization':
      return organization;
    case 'user':
      return user?.user_id === owner.id ? user.origin_user_name || user.origin_user_id : null;
    case 'company': {
      if (user && user.company_id !== owner.id) return null;
      const name = user?.origin_company_name ?? user?.origin_company_id;
      return name ?? ((await findCompany(tx, organizationId, { id: owner.id })) ? 'A company' : null);
    }
  }
}

/** Holds a link and its connection to the end of the transaction, whatever has become of it. Null where one is gone. */
export async function holdRows(
  tx: Tx,
  { organizationId, id, connectionId }: Pick<Link, 'organizationId' | 'id' | 'connectionId'>,
): Promise<{ link: Link; row: LinkRow; connection: Connection } | null> {
  // The connection before the link, as whoever removes a connection holds them.
  const connection = await findConnection(tx, organizationId, { id: connectionId }, true);
  const row = connection && (await findLink(tx, organizationId, id, true));
  return row ? { link: linkOf(row), row, connection } : null;
}

/**
 * Checks a link again inside the transaction that is about to use it, and holds it and its connection to the end.
 * Answers null where it was used meanwhile.
 */
export async function holdLink(tx: Tx, deps: FlowDeps, entered: Entered): Promise<Entered | null> {
  const held = await holdRows(tx, entered.link);
  if (held?.row.browser_hash?.equals(entered.browserHash) !== true) throw deadLink();
  const { link, connection } = held;
  if (link.usedAt !== null) return null;
  if (!isLive(link, deps.clock.now())) throw deadLink();
  return { ...(await describe(tx, deps, link, entered.browserHash)), connection };
}

/** A change that a person made by following a link: the audit names the link, and its row names who gave it out. */
export const actingFor = (deps: Pick<FlowDeps, 'database' | 'clock'>, link: Link): Acting => ({
  database: deps.database,
  clock: deps.clock,
  caller: {
    principal: { type: 'link', id: link.id, organizationId: link.organizationId },
    requestId: null,
  },
});

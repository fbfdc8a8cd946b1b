import { authorize, change, mayUseWorkspace, read } from '../../access/index.ts';
import { bodyProblem, Fault, invalid, newId, notFound, type JsonPath } from '../../kernel/index.ts';
import { findCredentials, type Identity, type Owner } from '../../vault/index.ts';
import { connectAsClient } from '../clients/connect-as-client.ts';
import { linkForAll, type LinkInput } from './connection-link.ts';
import { targetOf, type Connection } from '../connection.ts';
import { assertSpeaksForAll } from '../credentials.ts';
import type { ConnectionsCtx } from '../ctx.ts';
import { activate, activateHeld, listAgain, type Activates, type Finalized } from './finalize-connection.ts';
import { refOf, type Had } from './had.ts';
import { identifyAccount } from './identify-account.ts';
import type { IssuedLink } from './issue-link.ts';
import { shredLater } from '../revoke/let-go.ts';
import { keepFields } from '../clients/obtain.ts';
import { needsYes, placeAccount, saidOfAccount } from './place-account.ts';
import { deleteRevocation } from '../revoke/revocation-store.ts';
import { runRevocation } from '../revoke/run-revocation.ts';
import { checkCredentialFields, isByHand, type CredentialFields } from '../sign-in.ts';
import { signInAt } from './sign-in-at.ts';
import { findConnection } from '../store.ts';

export type ReconnectInput = LinkInput & {
  /** For a key or password; absent for OAuth, which answers a link. */
  credential?: CredentialFields | null;
  /** Which of the agents its failure has held are activated with it. */
  activateAgents?: Activates | null;
  /** The yes to another account than was connected before. */
  acceptOtherAccount?: boolean;
  /** Where in the body the credential stands, for error places. */
  path?: JsonPath;
};

/** `link` is where a person has to consent. */
export type Reconnected = Finalized & { link: IssuedLink | null };

/**
 * Connects the organization's account again, in place: id, slug, pins and packs stay. A key is tried at the service
 * before it is stored; one of another account is refused (`conflict`, code `other_account`) without an explicit yes.
 * OAuth answers a link, and agents are activated by `finalizeConnection` then.
 */
export async function reconnect(
  ctx: ConnectionsCtx,
  connectionId: string,
  input: ReconnectInput,
): Promise<Reconnected> {
  const { principal } = ctx.caller;
  authorize(principal, 'tools:write');
  assertSpeaksForAll(principal);
  const activates = input.activateAgents ?? [];
  if (activates.length > 0) authorize(principal, 'agents:write');
  const { organizationId } = principal;
  const { connection, file, method, held } = await read(ctx, async (tx) => {
    const found = await findConnection(tx, organizationId, { id: connectionId });
    if (!found || !mayUseWorkspace(principal, found.workspaceId)) throw notFound();
    const waiting = await ctx.connectionHooks.findHeld(tx, found);
    return { ...(await signInAt(tx, ctx, found)), held: waiting };
  });
  const path = input.path ?? ['credential'];
  if (method.type === 'oauth2_client_credentials' && !input.credential) {
    const { connection: after, fault } = await connectAsClient(ctx, connection);
    if (fault) throw fault;
    return { ...(await activate(ctx, after, activates)), link: null };
  }
  if (!input.credential) {
    if (isByHand(method)) checkCredentialFields(method, {}, path);
    if (activates.length > 0) throw tooEarly();
    return { connection, held, activated: [], link: await linkForAll(ctx, connection, input) };
  }
  const by = isByHand(connection.auth) || !isByHand(method) ? connection.auth : method;
  if (by.type === 'none' || connection.kind === 'stdio') {
    throw invalid(bodyProblem('value_error', path, 'This connection has nothing to sign in with.'));
  }
  checkCredentialFields(by, input.credential, path);
  const { had, shredId } = await seal(ctx, connection, by, input.credential);
  try {
    const at = { organizationId, id: newId(), origin: new URL(connection.address).origin };
    const credential = refOf(at, had);
    const target = targetOf(connection);
    const identified = await identifyAccount(ctx.drivers, { target, file, credential });
    if (identified.kind === 'refused') {
      throw invalid(bodyProblem('credential_refused', path, identified.reason));
    }
    const account = identified.kind === 'known' ? identified.account : null;
    const anyAccount = input.acceptOtherAccount;
    return await store(ctx, connection, { had, shredId, account, activates, anyAccount });
  } catch (error) {
    // Nothing to do where it was stored before something else failed.
    await runRevocation(ctx, organizationId, shredId);
    throw error;
  }
}

const tooEarly = (): Fault =>
  invalid(
    bodyProblem(
      'value_error',
      ['activate_agents'],
      'A person has to consent first; activate the agents when that is done.',
    ),
  );

/** `shredId` has it shredded in a while, unless it is stored. */
async function seal(
  ctx: ConnectionsCtx,
  connection: Connection,
  method: Had['method'],
  fields: CredentialFields,
): Promise<{ had: Had; shredId: string }> {
  const { organizationId } = connection;
  return ctx.database.transaction({ organizationId }, async (tx) => {
    const sealed = await keepFields(tx, ctx.vault, organizationId, fields);
    const had = { method, sealed, grant: null, expiresAt: null, scopes: null };
    return { had, shredId: await shredLater(tx, ctx, connection, sealed) };
  });
}

async function store(
  ctx: ConnectionsCtx,
  before: Connection,
  what: {
    had: Had;
    shredId: string;
    account: Identity | null;
    activates: Activates;
    anyAccount: boolean | undefined;
  },
): Promise<Reconnected> {
  const { organizationId } = before;
  const { had, account, activates } = what;
  const owner: Owner = { type: 'organization', id: organizationId };
  const { revocation, ...stored } = await change(ctx, 'connection.reconnected', async (tx) => {
    const connection = await findConnection(tx, organizationId, { id: before.id }, true);
    if (!connection) throw notFound();
    const [now] = await findCredentials(tx, organizationId, { connectionId: connection.id, owner });
    const previous = now?.identity ?? null;
    if (previous && needsYes(account, previous) && !what.anyAccount) throw otherAccount(previous, account);
    if (!(await deleteRevocation(tx, organizationId, what.shredId))) throw tooLate();
    const placed = await placeAccount(tx, ctx, { connection, owner, had, account });
    const activated = await activateHeld(tx, ctx, placed.connection, activates);
    const held = await ctx.connectionHooks.findHeld(tx, placed.connection);
    const target = { type: 'connection', id: connection.id };
    const changes = { ...saidOfAccount(placed), activated: activated.map(({ handle }) => handle) };
    const result = { connection: placed.connection, held, activated, revocation: placed.revocation };
    return { result, target, changes };
  });
  await ctx.drivers.forget(before.id);
  await runRevocation(ctx, organizationId, revocation);
  const listed = await listAgain(ctx, stored.connection);
  return { ...stored, connection: listed, link: null };
}

const tooLate = (): Fault =>
  new Fault('upstream', 'The service took too long to say whose account it is.', { code: 'timeout' });

const otherAccount = (previous: Identity, account: Identity | null): Fault =>
  new Fault(
    'conflict',
    `This is not the account that was connected before (${previous.label}). Say that it is meant to take its place.`,
    { code: 'other_account', details: { connected: previous.label, given: account?.label ?? null } },
  );

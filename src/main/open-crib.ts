import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { createApprovalKeys, type ApprovalKeys } from '../approvals/index.ts';
import { createAuthenticator, type Authenticator, type Caller } from '../access/index.ts';
import {
  createConnectFlow,
  createCredentialKeeper,
  createSyncer,
  isLinkUnopened,
  issueLink,
  removeAccountsOfUser,
  type ConnectFlow,
  type ConnectionsCtx,
  type CredentialKeeper,
  type RefreshOutcome,
  type StatusChange,
  type Syncer,
} from '../connections/index.ts';
import { loadCatalog, recordShipped, type Catalog } from '../connectors/index.ts';
import { createDrivers, type Drivers } from '../drivers/index.ts';
import { createEgress } from '../egress/index.ts';
import { createGateway, type FullGateway } from '../gateway/index.ts';
import {
  createCallJournal,
  createConfigWatch,
  createRequestJournal,
  type CallEnd,
  type CallJournal,
  type RequestJournal,
} from '../journal/index.ts';
import {
  newId,
  openEmbeddedDatabase,
  openServerDatabase,
  packageRoot,
  systemClock,
  type Bus,
  type Clock,
  type Database,
  type OpenDatabase,
} from '../kernel/index.ts';
import { createDeliverer, type Deliverer } from '../notices/index.ts';
import { assertMasterKeys, createVault, type MasterKeys, type Vault } from '../vault/index.ts';
import { connectionHooksOf } from './connection-hooks.ts';
import { findMasterKeys } from './find-master-keys.ts';
import { foundOnce, type Founded } from './found.ts';
import { readServers } from './read-servers.ts';
import type { Config } from './read-config.ts';

/** The composed product below its edges: every room built once, wired to each other. */
export type Crib = {
  config: Config;
  clock: Clock;
  database: Database;
  bus: Bus;
  vault: Vault;
  masterKeys: MasterKeys;
  authenticator: Authenticator;
  gateway: FullGateway;
  approvalKeys: ApprovalKeys;
  drivers: Drivers;
  keeper: CredentialKeeper;
  /** The steps of the connect page. */
  connectFlow: ConnectFlow;
  callJournal: CallJournal;
  requestJournal: RequestJournal;
  /** Idle until they are started, by whoever serves. */
  deliverer: Deliverer;
  syncer: Syncer;
  founded: Founded;
  log: Logger;
  /** Told of each call as it ends in this process. */
  onCallEnd(listener: (end: CallEnd) => void): void;
  /** Told of each refresh as it ends in this process, and of each account whose status moved with nobody asking. */
  onAccount(listener: AccountListener): void;
  /** What the commands of all rooms need, for one caller. */
  ctxFor(caller: Caller): ConnectionsCtx;
  assertMasterKey(): Promise<void>;
  close(): Promise<void>;
};

export type AccountListener = {
  refreshed(outcome: RefreshOutcome): void;
  statusMoved(change: StatusChange): void;
};

export const migrationsDir = join(packageRoot, 'migrations');

/** Migrated templates of the embedded database: shipped in the package, made by `npm ci` in a clone. */
const templateDirs = [join(packageRoot, 'dist', 'template'), join(packageRoot, '.cache', 'template')];

export type CribOptions = {
  /** Tests keep the embedded database in memory. */
  inMemory?: boolean;
  log?: Logger;
  clock?: Clock;
};

export async function openCrib(config: Config, options: CribOptions = {}): Promise<Crib> {
  const clock = options.clock ?? systemClock;
  const log = options.log ?? pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: false }));
  const stdioServers = readServers(join(config.dataDir, 'servers.json'));
  const { database, bus } = await openConfigured(config, options, log);
  const onError = (error: unknown, what: string): void => log.error({ err: error }, what);

  const { masterKeys, vault, founded } = await findMasterKeys(config, { database, clock })
    .then(async (found) => {
      const made = createVault({ database, clock, masterKeys: found });
      const founding = await foundOnce({ database, clock, vault: made }, config.adminKey);
      return { masterKeys: found, vault: made, founded: founding };
    })
    .catch(async (error: unknown) => {
      await database.close(); // an open one would keep the process
      throw error;
    });
  const watch = createConfigWatch({
    database,
    bus,
    onError: (error) => onError(error, 'comparing versions'),
  });
  watch.onChange((organizationId) => vault.forget(organizationId));
  const authenticator = createAuthenticator({ database, clock, watch });
  const egress = createEgress({ allow: config.egressAllow, ownPort: config.port });
  const drivers = createDrivers({
    egress,
    unsealer: vault.unsealer,
    clock,
    stdioServers,
    log: (level, line) => log[level](line),
    onListChanged: (changed) => syncer.hasten(changed),
  });
  const deliverer = createDeliverer({
    database,
    bus,
    clock,
    egress,
    unsealer: vault.unsealer,
    onError: (error) => onError(error, 'delivering webhooks'),
  });
  const listeners: ((end: CallEnd) => void)[] = [];
  const callJournal = createCallJournal({
    pool: database.pool,
    onError: (error) => onError(error, 'writing call rows'),
    onEnd: (end) => listeners.forEach((listener) => listener(end)),
    onEvents: () => deliverer.wake(),
  });
  const requestJournal = createRequestJournal({
    database,
    onError: (error) => onError(error, 'writing the request log'),
  });
  const accountListeners: AccountListener[] = [{ refreshed: () => undefined, statusMoved: logStatus(log) }];
  const keeper = createCredentialKeeper({
    database,
    bus,
    clock,
    vault,
    drivers,
    connectionHooks: connectionHooksOf({ vault, clock }, null),
    replicaId: newId<'replica'>(),
    onStatus: (change) => accountListeners.forEach((listener) => listener.statusMoved(change)),
    onRefreshed: (outcome) => accountListeners.forEach((listener) => listener.refreshed(outcome)),
    onError,
  });
  const syncer = createSyncer({
    database,
    clock,
    egress,
    drivers,
    keeper,
    isLaptop: config.isLaptop,
    connectionHooks: connectionHooksOf({ vault, clock }, null),
    onError,
  });
  const linkDeps = { database, clock, publicUrl: config.publicUrl.origin };
  const approvalKeys = createApprovalKeys(founded.secret);
  const gateway = createGateway({
    keepsArguments: config.keepArgumentsDays > 0,
    database,
    watch,
    clock,
    vault,
    drivers,
    keeper,
    calls: callJournal,
    bus,
    approvalKeys,
    publicUrl: config.publicUrl.origin,
    links: {
      issue: ({ principal, requestId }, wish) => issueLink(linkDeps, principal, wish, requestId),
      isUnopened: (organizationId, linkId) => isLinkUnopened(linkDeps, organizationId, linkId),
    },
    onError,
  });
  const catalog = await shippedCatalog({ database, clock }, log);
  const connectFlow = createConnectFlow({
    ...linkDeps,
    vault,
    drivers,
    keeper,
    catalog,
    connectionHooks: connectionHooksOf({ vault, clock }, null),
  });

  return {
    config,
    clock,
    database,
    bus,
    vault,
    masterKeys,
    authenticator,
    gateway,
    approvalKeys,
    drivers,
    keeper,
    connectFlow,
    callJournal,
    requestJournal,
    deliverer,
    syncer,
    founded,
    log,
    onCallEnd: (listener) => void listeners.push(listener),
    onAccount: (listener) => void accountListeners.push(listener),
    ctxFor: (caller) => ({
      database,
      clock,
      caller,
      vault,
      egress,
      drivers,
      keeper,
      catalog,
      publicUrl: config.publicUrl.origin,
      isLaptop: config.isLaptop,
      stdioServers: Object.keys(stdioServers),
      connectionHooks: connectionHooksOf({ vault, clock }, caller),
    }),
    assertMasterKey: () => assertMasterKeys(database, masterKeys),
    async close() {
      await syncer.close();
      await deliverer.close();
      await gateway.close();
      await keeper.close();
      await callJournal.close();
      await requestJournal.close();
      await drivers.close();
      await egress.close();
      watch.close();
      await database.close();
    },
  };
}

/** The connectors that come with the program. Versions never change: a file that was altered is not believed. */
async function shippedCatalog(deps: { database: Database; clock: Clock }, log: Logger): Promise<Catalog> {
  const { catalog, altered } = await recordShipped(deps, await loadCatalog(join(packageRoot, 'connectors')));
  for (const { slug, version } of altered) {
    log.warn(
      { connector: slug, version },
      'the shipped connector file differs from what was shipped under its version before: the earlier one is kept; a change needs a higher version',
    );
  }
  return catalog;
}

async function openConfigured(config: Config, options: CribOptions, log: Logger): Promise<OpenDatabase> {
  if (config.databaseUrl) {
    return openServerDatabase({
      url: config.databaseUrl,
      migrations: migrationsDir,
      onBus: (up) => log[up ? 'info' : 'warn'](up ? 'the change bus is up' : 'the change bus is cut'),
    });
  }
  return openEmbeddedDatabase({
    directory: options.inMemory ? null : join(config.dataDir, 'database'),
    migrations: migrationsDir,
    templates: templateDirs,
  });
}

/** One line for each account that fails or comes back: names and sentences of ours. */
const logStatus =
  (log: Logger) =>
  ({ organizationId, credentialId, ...change }: StatusChange): void =>
    log[change.to === 'connected' ? 'info' : 'warn'](
      { organization_id: organizationId, credential_id: credentialId, ...change },
      'an account’s status has changed',
    );

/** What the rooms keep for a registered user and drop with them. */
export const userHooksOf = (vault: Vault, clock: Clock = systemClock) => ({
  async onUserRemoved(
    tx: Parameters<typeof removeAccountsOfUser>[0],
    caller: Caller,
    userId: string,
  ): Promise<void> {
    await removeAccountsOfUser(tx, { vault, clock }, caller.principal.organizationId, userId);
  },
});

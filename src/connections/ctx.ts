import type { Ctx } from '../access/index.ts';
import type { Catalog } from '../connectors/index.ts';
import type { Drivers } from '../drivers/index.ts';
import type { Egress } from '../egress/index.ts';
import type { Vault } from '../vault/index.ts';
import type { CredentialKeeper } from './refresh/credential-keeper.ts';
import type { ConnectionHooks } from './hooks.ts';

/** What commands on connections need besides the caller. */
export type ConnectionsCtx = Ctx & {
  vault: Vault;
  egress: Egress;
  drivers: Drivers;
  keeper: CredentialKeeper;
  catalog: Catalog;
  connectionHooks: ConnectionHooks;
  /** The origin of every link and redirect address, without a trailing slash. */
  publicUrl: string;
  /** HOST on loopback with the embedded database: the admin key may admit loopback origins one by one. */
  isLaptop: boolean;
  /** Names in the operator's servers.json. */
  stdioServers: readonly string[];
};

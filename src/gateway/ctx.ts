import type { CallJournal, ConfigWatch } from '../journal/index.ts';
import type { Bus, Clock, Database } from '../kernel/index.ts';
import type { ApprovalKeys } from '../approvals/index.ts';
import type { CredentialKeeper } from '../connections/index.ts';
import type { Drivers } from '../drivers/index.ts';
import type { Vault } from '../vault/index.ts';
import type { LinkSource } from './consent-links.ts';

export type GatewayDeps = {
  database: Database;
  bus: Bus;
  watch: ConfigWatch;
  clock: Clock;
  vault: Vault;
  drivers: Drivers;
  keeper: CredentialKeeper;
  calls: CallJournal;
  links: LinkSource;
  approvalKeys: ApprovalKeys;
  /** The origin of every link, without a trailing slash. */
  publicUrl: string;
  onError: (error: unknown, what: string) => void;
  /** Whether calls' arguments are kept for some days; they are, unless it says no. */
  keepsArguments?: boolean;
  /** Milliseconds a call may take at the service. */
  callTimeout?: number;
  /** Largest reply taken from a service and largest result given to an agent, in bytes. */
  maxBytes?: number;
};

export const defaultCallTimeout = 60_000;
export const defaultMaxBytes = 4 * 1024 * 1024;

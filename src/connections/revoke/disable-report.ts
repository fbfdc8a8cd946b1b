import type { Connection } from '../connection.ts';
import type { Leaving } from './let-go.ts';

/**
 * `revoked`: the service has said that the tokens are void. `disabled`: the service cannot be told, so a person has to
 * revoke them there. `unreachable`: it could be told and did not confirm.
 */
export type DisableOutcome = 'revoked' | 'disabled' | 'unreachable';

export type DisabledAccount = {
  id: string;
  /** `user:ID`, `company:ID`, `organization:ID`, or `unconfirmed` for what a person had begun. */
  owner: string;
  /** As the service names the account, where it was asked. */
  account: string | null;
  outcome: DisableOutcome;
};

export type DisabledService = {
  connection: Connection;
  accounts: readonly DisabledAccount[];
  /** What a person has to do at the service, in one sentence; null where nothing is left to do. */
  byHand: string | null;
};

export type DisableReport = {
  /** Nothing was done: outcomes are what would be tried. */
  isDryRun: boolean;
  keys: readonly { id: string; kind: string; name: string; hint: string }[];
  services: readonly DisabledService[];
  /** Told of nothing any more, until somebody turns them on again. */
  webhooks: readonly { id: string; url: string }[];
  /** Our own apps at authorization servers: their secrets stay, and should be made anew there. */
  apps: readonly { clientId: string; of: string }[];
  /** Secrets kept by themselves: they stay, and their values should be made anew. */
  secrets: readonly { id: string; name: string }[];
};

export const accountOf = ({ id, owner, identity }: Leaving, outcome: DisableOutcome): DisabledAccount => ({
  id,
  owner,
  account: identity?.label ?? null,
  outcome,
});

export function serviceOf(connection: Connection, accounts: readonly DisabledAccount[]): DisabledService {
  return { connection, accounts, byHand: byHandOf(connection, accounts) };
}

/** The service as a person finds it: nothing of the address but its origin, which is never secret. */
function byHandOf(connection: Connection, accounts: readonly DisabledAccount[]): string | null {
  const sentences: string[] = [];
  const count = (outcome: DisableOutcome) => accounts.filter((one) => one.outcome === outcome).length;
  const at = URL.parse(connection.address)?.origin ?? connection.address;
  const many = (number: number, one: string, more: string) => (number === 1 ? one : `${number} ${more}`);
  const disabled = count('disabled');
  if (disabled > 0) {
    sentences.push(
      `Revoke ${many(disabled, 'the credential', 'credentials')} at ${at} by hand: it cannot be told by us.`,
    );
  }
  const unreachable = count('unreachable');
  if (unreachable > 0) {
    sentences.push(
      `Make sure that ${many(unreachable, 'the account’s tokens are', 'accounts’ tokens are')} revoked at ${at}: it did not confirm, and is asked once more in two minutes.`,
    );
  }
  if (connection.sealedSecretId !== null) {
    sentences.push(`Replace the secret headers or query values of its address at ${at}.`);
  }
  if (connection.kind === 'stdio') {
    sentences.push(`Replace the secrets that servers.json gives to “${connection.address}”.`);
  }
  return sentences.length > 0 ? sentences.join(' ') : null;
}

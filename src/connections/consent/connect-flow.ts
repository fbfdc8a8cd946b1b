import type { Identity, OwnerType } from '../../vault/index.ts';
import { beginConsent } from './begin-consent.ts';
import { enterLink, type FlowDeps } from './enter-link.ts';
import type { HeldAgent } from '../hooks.ts';
import { confirmAccount } from './settle-account.ts';
import type { CredentialFields } from '../sign-in.ts';
import { submitFields } from './submit-fields.ts';
import { takeAnswer } from './take-answer.ts';
import { viewLink } from './view-link.ts';

/** What the page shows of a link. Nothing in it is secret. */
export type LinkView = {
  /** What is next: a form, the way to the service, a yes to the account that was found; or nothing goes on without the organization’s own OAuth app. */
  step: 'fields' | 'consent' | 'confirm' | 'app_missing';
  /** Who asks. */
  organization: string;
  service: string;
  description: string;
  /** Where what is given will be sent, and nowhere else. */
  origin: string;
  /** The connection’s name. */
  connection: string;
  forWhom: { type: OwnerType; label: string };
  scopes: readonly { scope: string; meaning: string }[];
  fields: readonly { name: string; label: string; secret: boolean; description: string | null }[];
  /** The account that is connected now. */
  current: Identity | null;
  /** The account that was found and waits for a yes. */
  pending: Identity | null;
  /** The address to register at the service, for the organization’s own app. */
  redirectUri: string;
  expiresAt: Date;
};

export type FlowStep =
  /** The account that was found; `previous` is the one it would replace. Nothing is stored without a yes. */
  | { kind: 'confirm'; account: Identity | null; previous: Identity | null }
  | { kind: 'done'; account: Identity | null; redirectTo: string | null; held: readonly HeldAgent[] }
  | { kind: 'failed'; reason: string; redirectTo: string | null };

/**
 * The steps of the connect page. `browser` is a value only that browser knows; its hash binds the link. Every step
 * throws Fault `not_found`, in one sentence, for a link that is unknown, used, run out, somebody else’s or no longer
 * what it was made for.
 */
export type ConnectFlow = {
  /** Binds the link to the first browser that opens it. */
  open(token: string, browser: string): Promise<LinkView>;
  /** Takes what a key-type method wants. Fault `invalid` for wrong fields. */
  submitFields(token: string, browser: string, fields: CredentialFields): Promise<FlowStep>;
  /**
   * The address at the service to send the person to. Fault `conflict` code `oauth_app_missing` without an app,
   * `upstream` where the service does not say how to sign in.
   */
  begin(token: string, browser: string): Promise<{ redirectTo: string }>;
  /** What the service sent back: the address it sent the person to, with its query. */
  takeAnswer(answer: URL, browser: string): Promise<FlowStep & { token: string }>;
  /** The yes, or the no, to the account that was found. */
  confirm(token: string, browser: string, yes: boolean): Promise<FlowStep>;
};

export function createConnectFlow(deps: FlowDeps): ConnectFlow {
  return {
    open: async (token, browser) => viewLink(deps, await enterLink(deps, token, browser)),
    submitFields: async (token, browser, fields) =>
      submitFields(deps, await enterLink(deps, token, browser), fields),
    begin: async (token, browser) => beginConsent(deps, await enterLink(deps, token, browser), token),
    takeAnswer: (answer, browser) => takeAnswer(deps, answer, browser),
    confirm: async (token, browser, yes) => confirmAccount(deps, await enterLink(deps, token, browser), yes),
  };
}

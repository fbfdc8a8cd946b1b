export { readAddress, type ReadAddress } from './address.ts';
export * from './authenticated-connectors.ts';
export { clientMetadata, redirectUriOf } from './clients/client-metadata.ts';
export * from './change-configuration.ts';
export * from './connect-catalog.ts';
export { connectMcp, type ConnectMcpInput } from './connect-mcp.ts';
export { connectOpenapi, type ConnectOpenapiInput } from './connect-openapi.ts';
export * from './consent/connect-flow.ts';
export * from './connection.ts';
export { connectionLink, startConnect, startMcp, type LinkInput } from './consent/connection-link.ts';
export { connectionSlug } from './connection-slug.ts';
export {
  createCredentialKeeper,
  type CredentialKeeper,
  type CredentialState,
  type KeeperDeps,
export { createSyncer, type Syncer, type SyncerDeps } from './create-syncer.ts';
} from './refresh/credential-keeper.ts';
export { credentialRefOf } from './credential-ref.ts';
export * from './credentials.ts';
export * from './ctx.ts';
export * from './clients/discover-mcp.ts';
export { finalizeConnection, type Activates, type Finalized } from './consent/finalize-connection.ts';
export { flipConnection, type FlipDeps } from './flip-connection.ts';
export * from './get-connection.ts';
export type { GivenClient, OAuthPaths, OAuthWish } from './clients/given-client.ts';
export * from './hooks.ts';
export type { FlowDeps } from './consent/enter-link.ts';
export * from './consent/issue-link.ts';
export type { Link, LinkScope } from './consent/link.ts';
export * from './consent/link-opened.ts';
export * from './clients/oauth-clients.ts';
export * from './preview-connection.ts';
export * from './consent/reconnect.ts';
export { documentLimit, readOpenapiDocument, type DocumentInput } from './read-document.ts';
export * from './clients/sign-in-methods.ts';
export { credentialFieldNames, type CredentialFields } from './sign-in.ts';
export { findConnection, findConnectionsById, listConnectionRows, updateConnectionRow } from './store.ts';
export { canRefresh, refreshDueAt } from './refresh/refresh-due.ts';
export { forgetAttempts, type RefreshOutcome } from './refresh/refresh-store.ts';
export type { StatusChange } from './refresh/settle-credential.ts';
export * from './release-connector.ts';
export { removeAccountsOfUser } from './revoke/remove-accounts.ts';
export { sweepRevocations } from './revoke/run-revocation.ts';
export { sweepLinks } from './consent/sweep-links.ts';
export * from './sync-connection.ts';
export { isSynced, syncDueAt } from './sync-due.ts';
export * from './test-connection.ts';
export * from './update-connection.ts';
export { keyVersionsOfAuthorizations } from './consent/key-use-store.ts';
export { disableEverything } from './revoke/disable-everything.ts';
export type { DisabledAccount, DisabledService, DisableReport } from './revoke/disable-report.ts';

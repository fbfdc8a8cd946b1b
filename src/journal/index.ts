export * from './audit.ts';
export {
  appendAudit,
  bumpConfig,
  configChanged,
  configVersions,
  readAudit,
  startChain,
  type AuditFilter,
} from './audit-store.ts';
export * from './call.ts';
export { createCallJournal } from './call-journal.ts';
export {
  endLostCalls,
  hasCalledOn,
  lastUsed,
  readCall,
  readCalls,
  readCallStats,
  type CallBounds,
  type CallFilter,
} from './call-store.ts';
export { keyVersionsOfCalls, keyVersionsOfKept } from './key-use-store.ts';
export { forgetKept, lastCalls, sweepKept, type LastCall } from './kept-arguments-store.ts';
export * from './outbox.ts';
export * from './outbox-store.ts';
export {
  createRequestJournal,
  readRequests,
  type RequestFilter,
  type RequestJournal,
  type RequestRow,
  forgetRequests,
} from './request-store.ts';
export * from './usage-store.ts';
export * from './verify-audit.ts';
export * from './watch-config.ts';

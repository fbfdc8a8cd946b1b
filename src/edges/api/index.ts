export { createCallFeed, type CallFeed } from './call-feed.ts';
export { createApi, type Api } from './create-api.ts';
export type { ApiDeps } from './deps.ts';
export { keyVersionsOfResponses } from './idempotency/store.ts';
export { createMetrics, type Metrics } from './metrics.ts';
export { watchDatabase } from './watch-database.ts';

import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

export type Metrics = {
  readonly registry: Registry;
  /** One answered request; `route` is the pattern, never the path, so that ids make no series. */
  observe(request: { method: string; route: string; status: number; seconds: number }): void;
  /** One refresh of a token, by how it ended. */
  refreshed(outcome: string): void;
  /** One account that failed or came back by itself: whose, and what it is now. */
  statusMoved(account: { owner: string; to: string }): void;
};

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: 'toolcrib_http_requests_total',
    help: 'Requests answered, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'toolcrib_http_request_duration_seconds',
    help: 'Time from the request’s head to its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const refreshes = new Counter({
    name: 'toolcrib_token_refreshes_total',
    help: 'Refreshes of tokens, by how they ended: refreshed, passing, terminal, lost, overtaken.',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const moves = new Counter({
    name: 'toolcrib_account_status_changes_total',
    help: 'Accounts that failed, and that came back without a person, by whose they are and what they became.',
    labelNames: ['owner', 'to'],
    registers: [registry],
  });
  return {
    registry,
    observe({ method, route, status, seconds }) {
      requests.inc({ method, route, status: String(status) });
      duration.observe({ method, route }, seconds);
    },
    refreshed: (outcome) => refreshes.inc({ outcome }),
    statusMoved: (account) => moves.inc(account),
  };
}

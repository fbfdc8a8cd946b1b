import type { z } from '@hono/zod-openapi';
import type { DisableReport } from '../../../../connections/index.ts';
import type { panicReportSchema } from './schema.ts';

export function writePanicReport(report: DisableReport): z.input<typeof panicReportSchema> {
  return {
    dry_run: report.isDryRun,
    keys_revoked: [...report.keys],
    services: report.services.map(({ connection, accounts, byHand }) => ({
      connection_id: connection.id,
      slug: connection.slug,
      connector: connection.connectorSlug,
      accounts: [...accounts],
      by_hand: byHand,
    })),
    webhooks_disabled: [...report.webhooks],
    secrets_kept: report.secrets.map(({ id, name }) => ({ vault_id: id, name })),
    apps: report.apps.map(({ clientId, of }) => ({ client_id: clientId, of })),
  };
}

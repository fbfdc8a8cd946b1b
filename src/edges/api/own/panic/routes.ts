import { disableEverything } from '../../../../connections/index.ts';
import { envelope, enveloped } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writePanicReport } from './codec.ts';
import { panicBody, panicReportSchema } from './schema.ts';

export const panicRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Panic',
    scope: 'management:all',
    method: 'post',
    path: '/v1/panic',
    summary:
      'Make everything void that could be used: keys, webhooks, connections, and tokens at the services',
    description:
      'Asks for an admin key, which alone goes on working. Without `"dry_run": false` it shows what it would do.',
    body: panicBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(panicReportSchema),
    handle: async (asked) => {
      const isDryRun = asked.body?.dry_run !== false;
      return envelope(asked, writePanicReport(await disableEverything(asked.ctx, { isDryRun })));
    },
  }),
];

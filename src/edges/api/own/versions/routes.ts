import {
  acceptChanges,
  listVersions,
  measureImpact,
  upgradeConnection,
  type Upgraded,
} from '../../../../revisions/index.ts';
import { impactQuery, impactSchema, writeImpact } from '../../impact.ts';
import { envelope, enveloped } from '../../lists.ts';
import { route, type Route } from '../../route.ts';
import { ownContract as contract } from '../errors.ts';
import { writeAccepted, writeUpgraded, writeVersions } from './codec.ts';
import {
  acceptBody,
  acceptedSchema,
  upgradeBody,
  upgradedSchema,
  versionParams as params,
  versionsSchema,
} from './schema.ts';

const facts = { contract, tag: 'Connections', params } as const;

export const versionRoutes: readonly Route[] = [
  route({
    ...facts,
    scope: 'connectors:read',
    method: 'get',
    path: '/v1/connections/{id}/versions',
    summary: 'How a connection’s version stands, and which it may be on',
    status: 200,
    answer: enveloped(versionsSchema),
    handle: async (asked) => envelope(asked, writeVersions(await listVersions(asked.ctx, asked.params.id))),
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections/{id}/accept',
    summary: 'Accept what the service changed and what is held of it',
    description: 'A new version of the connection. One of the catalog moves whole: 409, upgrade it.',
    query: impactQuery,
    body: acceptBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(acceptedSchema),
    dryRunAnswer: enveloped(impactSchema),
    handle: async (asked) => {
      const { ctx, params: at, query, body } = asked;
      const accept = (within: typeof ctx) =>
        acceptChanges(within, at.id, { toolIds: body.tool_ids ?? null, digests: body.digests ?? null });
      if (!query.dry_run) return envelope(asked, writeAccepted(await accept(ctx)));
      const impact = await measureImpact(ctx, { connectionIds: [at.id] }, accept);
      return envelope(asked, writeImpact(impact));
    },
  }),
  route({
    ...facts,
    scope: 'tools:write',
    method: 'post',
    path: '/v1/connections/{id}/upgrade',
    summary: 'Move a connection to its newest version, or back to one it has been on',
    description:
      'Whole or not at all: everything said of its tools comes along over renames. Two at once: one is 409 `upgrade_running`.',
    query: impactQuery,
    body: upgradeBody,
    bodyOptional: true,
    status: 200,
    answer: enveloped(upgradedSchema),
    handle: async (asked) => {
      const { ctx, params: at, query, body } = asked;
      const wish = { targetVersion: body.target_version ?? null };
      if (!query.dry_run) {
        return envelope(asked, writeUpgraded(await upgradeConnection(ctx, at.id, wish)));
      }
      const would: Upgraded[] = [];
      const impact = await measureImpact(ctx, { connectionIds: [at.id] }, async (within) =>
        would.push(await upgradeConnection(within, at.id, wish)),
      );
      return envelope(asked, writeUpgraded(would[0]!, impact));
    },
  }),
];

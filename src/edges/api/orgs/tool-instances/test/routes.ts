import { enterWorkspace } from '../../../../../access/index.ts';
import { getInWorkspace } from '../../../../../connections/index.ts';
import { tryConnection } from '../../../../../gateway/index.ts';
import { route, type Route } from '../../../route.ts';
import { readName } from '../../codec.ts';
import { orgsContract as contract } from '../../errors.ts';
import { instanceParams } from '../schema.ts';
import { testBody, testedSchema } from './schema.ts';

const paths = { config: ['configuration'], tool: ['action'], arguments: ['input'] } as const;

export const testRoutes: readonly Route[] = [
  route({
    contract,
    tag: 'Tool instances',
    scope: 'tools:write',
    method: 'post',
    path: '/v1/orgs/{org}/workspaces/{workspace}/tool-instances/{instance_id}/test',
    summary: 'Try a tool instance: whose account it is, or one of its actions',
    description:
      'A service that refuses, times out or cannot be found is `success: false`. An `action` is called really and needs runtime:all too.',
    params: instanceParams,
    body: testBody,
    bodyOptional: true,
    status: 200,
    answer: testedSchema,
    handle: async ({ ctx, deps, params, body, signal }) => {
      const workspace = await enterWorkspace(ctx, {
        organization: readName(params.org),
        workspace: readName(params.workspace),
      });
      const connection = await getInWorkspace(ctx, workspace.id, params.instance_id);
      const { configuration, action, input } = body;
      const wish = {
        config: configuration ?? undefined,
        tool: action ?? undefined,
        arguments: input ?? undefined,
        paths,
      };
      const tried = await tryConnection(deps.gateway, ctx, connection, wish, signal);
      return {
        success: tried.ok,
        message: tried.message,
        details: tried.details,
        latency_ms: tried.latencyMs,
      };
    },
  }),
];

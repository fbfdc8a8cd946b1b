import type { Contract } from './contract.ts';
import { connectionToolsContract } from './connection-tools/errors.ts';
import { connectionToolsRoutes } from './connection-tools/routes.ts';
import { connectorsContract } from './connectors/errors.ts';
import { connectorsRoutes } from './connectors/routes.ts';
import { orgsContract } from './orgs/errors.ts';
import { orgsRoutes } from './orgs/routes.ts';
import { ownContract } from './own/errors.ts';
import { ownRoutes } from './own/routes.ts';
import type { Route } from './route.ts';
import { toolPacksContract } from './tool-packs/errors.ts';
import { toolPacksRoutes } from './tool-packs/routes.ts';

/** Toolcrib's own first: the order of the documentation. */
export const contracts: readonly Contract[] = [
  ownContract,
  toolPacksContract,
  connectionToolsContract,
  connectorsContract,
  orgsContract,
];

export const allRoutes: readonly Route[] = [
  ...ownRoutes,
  ...toolPacksRoutes,
  ...connectionToolsRoutes,
  ...connectorsRoutes,
  ...orgsRoutes,
];

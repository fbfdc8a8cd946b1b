import type { Route } from '../route.ts';
import { connectionRoutes } from './connections/routes.ts';
import { integrationRoutes } from './integrations/routes.ts';
import { toolRoutes } from './tools/routes.ts';

export const connectionToolsRoutes: readonly Route[] = [
  ...integrationRoutes,
  ...connectionRoutes,
  ...toolRoutes,
];

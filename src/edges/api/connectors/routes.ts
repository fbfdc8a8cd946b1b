import type { Route } from '../route.ts';
import { accountRoutes } from './accounts/routes.ts';
import { agentRoutes } from './agents/routes.ts';

export const connectorsRoutes: readonly Route[] = [...accountRoutes, ...agentRoutes];

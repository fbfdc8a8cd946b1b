import type { Route } from '../route.ts';
import { accessKeyRoutes } from './access-keys/routes.ts';
import { applicationCredentialRoutes } from './application-credentials/routes.ts';
import { connectorRoutes } from './connectors/routes.ts';
import { credentialRoutes } from './credentials/routes.ts';
import { entryRoutes } from './entries/routes.ts';
import { linkTokenRoutes } from './link-tokens/routes.ts';
import { logRoutes } from './logs/routes.ts';
import { overrideRoutes } from './overrides/routes.ts';
import { packRoutes } from './packs/routes.ts';
import { registeredUserRoutes } from './registered-users/routes.ts';

// Overrides stand before connectors: their address is a word where a connector has its slug.
export const toolPacksRoutes: readonly Route[] = [
  ...packRoutes,
  ...entryRoutes,
  ...overrideRoutes,
  ...connectorRoutes,
  ...registeredUserRoutes,
  ...linkTokenRoutes,
  ...credentialRoutes,
  ...applicationCredentialRoutes,
  ...accessKeyRoutes,
  ...logRoutes,
];

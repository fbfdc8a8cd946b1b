import type { Route } from '../route.ts';
import { approvalRoutes } from './approvals/routes.ts';
import { auditRoutes } from './audit/routes.ts';
import { callRoutes } from './calls/routes.ts';
import { catalogRoutes } from './catalog/routes.ts';
import { connectionRoutes } from './connections/routes.ts';
import { credentialRoutes } from './credentials/routes.ts';
import { keyRoutes } from './keys/routes.ts';
import { packRoutes } from './packs/routes.ts';
import { panicRoutes } from './panic/routes.ts';
import { toolRoutes } from './tools/routes.ts';
import { userRoutes } from './users/routes.ts';
import { versionRoutes } from './versions/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export const ownRoutes: readonly Route[] = [
  ...catalogRoutes,
  ...connectionRoutes,
  ...versionRoutes,
  ...toolRoutes,
  ...credentialRoutes,
  ...packRoutes,
  ...callRoutes,
  ...approvalRoutes,
  ...userRoutes,
  ...keyRoutes,
  ...auditRoutes,
  ...panicRoutes,
  ...webhookRoutes,
];

import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener, type HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { ContentfulStatusCode, StatusCode } from 'hono/utils/http-status';
import { getPath } from 'hono/utils/url';
import { notFound, parseId } from '../../kernel/index.ts';
import type { Entered } from '../door/index.ts';
import { answerRoute, logUnexpected } from './answer-route.ts';
import { contractOf } from './contract.ts';
import type { ApiDeps } from './deps.ts';
import { createIdempotency, type Idempotency } from './idempotency/run-once.ts';
import { describeRoutes } from './openapi.ts';
import { isPublic, mountPages, pagePaths } from './pages/mount-pages.ts';
import { createRateLimit } from './rate-limit.ts';
import { MethodNotAllowed, refusalReply, type Reply } from './reply.ts';
import { methodTable } from './method-table.ts';
import { allRoutes, contracts } from './routes.ts';
import type { Env, Visit } from './visit.ts';
import { watchDatabase } from './watch-database.ts';

export type Api = {
  app: OpenAPIHono<Env>;
  /** Answers a request that has passed the door. */
  handle(request: IncomingMessage, response: ServerResponse, entered: Entered): Promise<void>;
  /** Its sweep is a job for whoever runs jobs. */
  idempotency: Idempotency;
};

export function createApi(deps: ApiDeps): Api {
  const app = new OpenAPIHono<Env>({ getPath: canonicalPath });
  const rates = createRateLimit(deps.clock);
  const idempotency = createIdempotency(deps);
  const assertDatabase = watchDatabase(deps.database);
  const calls = new Set(allRoutes.filter(({ kind }) => kind === 'call').map(({ path }) => path));
  const methodsAt = methodTable([...allRoutes, ...pagePaths]);

  const refuse = (c: Context<Env>, error: unknown): Response => {
    const { requestId } = c.env.visit.entered;
    const occasion = { requestId, now: deps.clock.now(), publicUrl: deps.publicUrl };
    return send(c, refusalReply(contractOf(contracts, c.req.path), error, occasion));
  };

  // The one place that asks who is calling: whatever is not on the public list needs a key, be it a route or not.
  app.use('*', async (c, next) => {
    if (c.req.path === '/healthz' || c.req.path === '/readyz') return next();
    await assertDatabase();
    if (isPublic(c.req.method, c.req.path)) return next();
    const { incoming, outgoing, visit } = c.env;
    const principal = await deps.door.identify(incoming);
    visit.principal = principal;
    const isCall = c.req.method === 'POST' && calls.has(c.req.path);
    const rate = rates.take(principal, !isCall);
    outgoing.setHeader('X-RateLimit-Limit', rate.limit);
    outgoing.setHeader('X-RateLimit-Remaining', rate.remaining);
    outgoing.setHeader('X-RateLimit-Reset', rate.reset);
    if (rate.fault) throw rate.fault;
    return next();
  });
  app.onError((error, c) => {
    logUnexpected(error, null, c.env.visit.entered.requestId, deps);
    return refuse(c, error);
  });
  app.notFound((c) => {
    const allowed = methodsAt(c.req.path);
    if (allowed.length === 0) return refuse(c, notFound());
    c.env.outgoing.setHeader('Allow', allowed.join(', '));
    return refuse(c, new MethodNotAllowed());
  });

  mountPages(app, deps, describeRoutes(allRoutes, contracts, deps));
  for (const route of allRoutes) {
    app.on(route.method.toUpperCase(), honoPath(route.path), async (c) => {
      const { incoming, visit } = c.env;
      visit.pattern = route.path;
      const { path, query, requestId } = visit.entered;
      const params = c.req.param() as Record<string, string>;
      const arrived = {
        principal: visit.principal!,
        params,
        path,
        search: query,
        requestId,
        incoming,
        signal: visit.left,
      };
      const answer = await answerRoute(route, arrived, deps, idempotency);
      return answer instanceof Response ? answer : send(c, answer);
    });
  }

  const visits = new WeakMap<IncomingMessage, Visit>();
  const listener = getRequestListener(
    (request, env) => {
      const { incoming, outgoing } = env as HttpBindings;
      return app.fetch(request, { incoming, outgoing, visit: visits.get(incoming)! });
    },
    { overrideGlobalObjects: false, errorHandler: unreadableRequest },
  );

  return {
    app,
    idempotency,
    async handle(request, response, entered) {
      const leaving = new AbortController();
      const arrivedAt = performance.now();
      const visit: Visit = { entered, arrivedAt, principal: null, pattern: 'none', left: leaving.signal };
      visits.set(request, visit);
      response.once('close', () => {
        if (!response.writableFinished) leaving.abort();
        recordVisit(visit, request, response, deps);
      });
      await listener(request, response);
    },
  };
}

/** Under /api/v1 the trailing slash is optional; elsewhere a path is what it says. */
function canonicalPath(request: Request): string {
  const path = getPath(request);
  return path.startsWith('/api/v1/') && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** `/api/v1/tool-packs/{id}/` → `/api/v1/tool-packs/:id`. */
const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1').replace(/(.)\/$/, '$1');

function send(c: Context<Env>, reply: Reply): Response {
  for (const [name, value] of Object.entries(reply.headers)) c.header(name, value);
  if (reply.contentType === null) return c.body(null, reply.status as StatusCode);
  c.header('Content-Type', reply.contentType);
  return c.body(reply.body, reply.status as ContentfulStatusCode);
}

function unreadableRequest(): Response {
  const error = { code: 'malformed_request', message: 'The request cannot be read.' };
  return Response.json({ error }, { status: 400 });
}

function recordVisit(visit: Visit, request: IncomingMessage, response: ServerResponse, deps: ApiDeps): void {
  const duration = performance.now() - visit.arrivedAt;
  const method = request.method ?? 'GET';
  const status = response.statusCode;
  deps.metrics.observe({ method, route: visit.pattern, status, seconds: duration / 1000 });
  const { requestId, path } = visit.entered;
  const forwarded = request.headers['x-forwarded-for'];
  const client = deps.clientAddress(request.socket.remoteAddress, [forwarded].flat().join(','));
  const line = { request_id: requestId, method, path, status, ms: Math.round(duration), client };
  // Refused keys are told to whoever watches the log for somebody trying them out.
  if (status === 401) deps.log.warn(line, 'refused: no valid key');
  else deps.log.debug(line, 'request');
  const { principal } = visit;
  if (!principal) return;
  deps.requestJournal.record({
    organizationId: principal.organizationId,
    requestId: parseId(requestId)!,
    createdAt: deps.clock.now(),
    keyId: principal.id,
    method,
    path: path.slice(0, 500),
    status,
    durationUs: Math.min(Math.round(duration * 1000), 2 ** 31 - 1),
  });
}

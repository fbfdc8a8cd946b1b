import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Contract } from './contract.ts';
import { pageOperations, type PageOperation } from './pages/page-operations.ts';
import type { Route } from './route.ts';

export type Documents = {
  /** Every route of every contract. */
  whole: unknown;
  byContract: ReadonlyMap<Contract['name'], unknown>;
};

/** OpenAPI 3.1 from the table of routes: what is served is what is described. */
export function describeRoutes(
  routes: readonly Route[],
  contracts: readonly Contract[],
  about: { publicUrl: string; version: string },
): Documents {
  const info = { title: 'Toolcrib', version: about.version };
  return {
    whole: documentOf(
      routes,
      pageOperations,
      { ...info, description: 'Every route, all contracts.' },
      about.publicUrl,
    ),
    byContract: new Map(
      contracts.map((contract) => {
        const own = routes.filter((route) => route.contract === contract);
        const { title, description } = contract;
        const pages = pageOperations.filter((page) => page.contract === contract.name);
        return [
          contract.name,
          documentOf(own, pages, { ...info, title, description }, about.publicUrl),
        ] as const;
      }),
    ),
  };
}

function documentOf(
  routes: readonly Route[],
  pages: readonly PageOperation[],
  info: { title: string; version: string; description: string },
  publicUrl: string,
): unknown {
  const app = new OpenAPIHono();
  for (const type of ['bearer', 'apiKey'] as const) {
    app.openAPIRegistry.registerComponent(
      'securitySchemes',
      type,
      type === 'bearer'
        ? { type: 'http', scheme: 'bearer' }
        : { type: 'apiKey', in: 'header', name: 'x-api-key' },
    );
  }
  for (const each of routes) app.openAPIRegistry.registerPath(operationOf(each));
  for (const each of pages) app.openAPIRegistry.registerPath(pageOf(each));
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info,
    servers: [{ url: publicUrl }],
    security: [{ bearer: [] }, { apiKey: [] }],
  });
}

const idempotencyHeader = z.object({
  'Idempotency-Key': z.string().min(1).max(128).optional().openapi({
    description: 'Kept 24 hours: the same request again answers the stored response, nothing runs twice.',
  }),
});

function operationOf(route: Route): Parameters<OpenAPIHono['openAPIRegistry']['registerPath']>[0] {
  const { method, path, summary, tag, params, query, body } = route;
  const scope = route.scope ? `Needs the scope \`${route.scope}\`.` : 'Any valid key.';
  const errors = Object.fromEntries(
    refusalsOf(route).map((code) => [
      code,
      { description: `Refused, in the shape of ${route.contract.title}.` },
    ]),
  );
  return {
    method,
    path,
    summary,
    description: [route.description, scope].filter(Boolean).join('\n\n'),
    tags: [tag],
    operationId: operationId(route),
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(method === 'post' || method === 'patch' ? { headers: idempotencyHeader } : {}),
      ...(body
        ? { body: { required: !route.bodyOptional, content: { 'application/json': { schema: body } } } }
        : {}),
    },
    responses: {
      ...answersOf(route),
      ...errors,
    },
  };
}

type Described = { description: string; content?: Record<string, { schema: z.ZodType }> };

function answersOf(route: Route): Record<string, Described> {
  const { answer, status, dryRunAnswer } = route;
  const dryRunStatus = route.dryRunStatus ?? status;
  const done = (schema: z.ZodType | null): Described =>
    schema
      ? { description: 'Done.', content: { [route.answerType ?? 'application/json']: { schema } } }
      : { description: 'Done; no content.' };
  if (!dryRunAnswer) return { [status]: done(answer) };
  if (answer && dryRunStatus === status) return { [status]: done(z.union([answer, dryRunAnswer])) };
  return { [status]: done(answer), [dryRunStatus]: done(dryRunAnswer) };
}

function pageOf(page: PageOperation): ReturnType<typeof operationOf> {
  const { method, path, tag, summary, type } = page;
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!);
  return {
    method,
    path,
    summary,
    tags: [tag],
    operationId: operationId(page),
    ...(page.isPublic ? { security: [] } : {}),
    ...(names.length > 0
      ? { request: { params: z.object(Object.fromEntries(names.map((name) => [name, z.string()]))) } }
      : {}),
    responses: { 200: { description: 'Done.', content: { [type]: { schema: z.unknown() } } } },
  };
}

function refusalsOf({ contract, body, params }: Route): readonly number[] {
  const validation = contract.name === 'tool-packs' ? 400 : 422;
  const all = [
    400,
    401,
    403,
    ...(params ? [404] : []),
    ...(body ? [409, 413, 415] : []),
    validation,
    429,
    503,
  ];
  return [...new Set(all)].sort((a, b) => a - b);
}

/** `get /v1/keys/{id}` → `getV1KeysId`: stable, and unique because method and path are. */
function operationId({ method, path }: Pick<Route, 'method' | 'path'>): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter(Boolean);
  return method + words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join('');
}

import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { authorize } from '../../../access/index.ts';
import { notFound } from '../../../kernel/index.ts';
import { checkReadiness } from '../check-readiness.ts';
import type { ApiDeps } from '../deps.ts';
import type { Documents } from '../openapi.ts';
import type { Env } from '../visit.ts';
import { docsPage, docsPolicy } from './docs-page.ts';
import { pageOperations } from './page-operations.ts';
import { llmsText } from './llms-text.ts';

/** What is not an API of any contract: health, metrics and documentation. */
export const pagePaths = pageOperations.filter(({ method }) => method === 'get');

const publicPaths = new Set(['/', '/healthz', '/readyz', '/openapi.json', '/docs', '/docs.md', '/llms.txt']);
const metadata = '/.well-known/oauth-protected-resource';

/** The whole list of what is answered without a key. Everything else, known or not, asks for one first. */
export function isPublic(method: string, path: string): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  const isDocument = /^\/openapi\/[a-z-]+\.json$/.test(path);
  return publicPaths.has(path) || isDocument || path === metadata || path.startsWith(`${metadata}/`);
}

export function mountPages(app: OpenAPIHono<Env>, deps: ApiDeps, documents: Documents): void {
  const whole = JSON.stringify(documents.whole);
  const byFile = new Map(
    [...documents.byContract].map(([name, text]) => [`${name}.json`, JSON.stringify(text)]),
  );
  const page = docsPage(documents);
  const llms = llmsText(documents, deps.publicUrl);
  const json = { 'Content-Type': 'application/json' };

  app.get('/healthz', (c) => c.json({ status: 'ok', version: deps.version }));
  app.get('/readyz', async (c) => {
    const { ready, checks } = await checkReadiness(deps);
    return ready
      ? c.json({ status: 'ready', checks })
      : c.json({ status: 'not ready', checks }, 503, { 'Retry-After': '2' });
  });
  app.get('/metrics', async (c) => {
    authorize(c.env.visit.principal!, 'management:all');
    const { registry } = deps.metrics;
    return c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType });
  });
  app.get('/openapi.json', (c) => c.body(whole, 200, json));
  app.get('/openapi/:file', (c) => {
    const text = byFile.get(c.req.param('file'));
    if (text === undefined) throw notFound();
    return c.body(text, 200, json);
  });
  const describeResource = (c: Context<Env>): Response => {
    const document = deps.resourceMetadata(c.req.path);
    if (!document) throw notFound();
    return c.json(document);
  };
  app.get(metadata, describeResource);
  app.get(`${metadata}/*`, describeResource);
  app.get('/docs', (c) => c.html(page, 200, { 'Content-Security-Policy': docsPolicy }));
  app.get('/docs.md', (c) => c.body(llms, 200, { 'Content-Type': 'text/markdown; charset=utf-8' }));
  app.get('/llms.txt', (c) => c.text(llms));
  // Who opens the address a start prints is shown where to go on.
  app.get('/', (c) => c.redirect('/docs', 302));
}

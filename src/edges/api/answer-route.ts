import { STATUS_CODES } from 'node:http';
import type { Principal } from '../../access/index.ts';
import { authorize } from '../../access/index.ts';
import { Fault, isObject } from '../../kernel/index.ts';
import { z } from '@hono/zod-openapi';
import type { ApiDeps } from './deps.ts';
import { readIdempotencyKey, type Idempotency } from './idempotency/run-once.ts';
import { defaultBodyLimit, readBytes, readInput } from './read-request/index.ts';
import { emptyReply, jsonReply, refusalReply, type Reply } from './reply.ts';
import type { Asked, Route } from './route.ts';

export type Arrived = Pick<Asked, 'path' | 'search' | 'requestId' | 'incoming' | 'signal'> & {
  principal: Principal;
  params: Readonly<Record<string, string>>;
};

const noFields = z.strictObject({});
const writes = new Set<Route['method']>(['post', 'put', 'patch']);
const repeatable = new Set<Route['method']>(['post', 'patch']);

/**
 * One request of an authenticated caller: may it, what does it say, do it (once, where it names itself), say
 * what became of it in the contract's words. Never throws.
 */
export async function answerRoute(
  route: Route,
  arrived: Arrived,
  deps: ApiDeps,
  idempotency: Idempotency,
): Promise<Reply | Response> {
  const { principal, requestId, incoming } = arrived;
  const refuse = (error: unknown): Reply => {
    logUnexpected(error, route, requestId, deps);
    const occasion = { requestId, now: deps.clock.now(), publicUrl: deps.publicUrl };
    return refusalReply(route.contract, error, occasion, route.names);
  };
  try {
    if (route.scope) authorize(principal, route.scope);
    const takesBody = writes.has(route.method);
    const body = takesBody ? await readBytes(incoming, route.bodyLimit ?? defaultBodyLimit) : null;
    const name = repeatable.has(route.method)
      ? readIdempotencyKey(incoming.headers['idempotency-key'])
      : null;
    const answer = () => answerOnce(route, arrived, body, deps).catch(refuse);
    if (name === null) return await answer();
    const claim = { organizationId: principal.organizationId, keyId: principal.id, idempotencyKey: name };
    const query = arrived.search.toString();
    const target = query ? `${arrived.path}?${query}` : arrived.path;
    const once = { claim, method: route.method, target, body: body ?? Buffer.alloc(0) };
    return await idempotency.runOnce(once, async () => {
      const reply = await answer();
      if (reply instanceof Response) throw new Fault('internal', 'A stream cannot be kept.');
      return reply;
    });
  } catch (error) {
    return refuse(error);
  }
}

async function answerOnce(
  route: Route,
  arrived: Arrived,
  body: Buffer | null,
  deps: ApiDeps,
): Promise<Reply | Response> {
  const { principal, params, search, incoming, requestId } = arrived;
  const sent = { params, query: search, contentType: incoming.headers['content-type'], body };
  const expected =
    writes.has(route.method) && !route.body ? { ...route, body: noFields, bodyOptional: true } : route;
  const input = readInput(sent, { ...expected, changes: route.method !== 'get' });
  const ctx = deps.ctxFor({ principal, requestId });
  const { path, signal } = arrived;
  const result = await route.handle({ ...input, ctx, deps, requestId, path, search, signal, incoming });
  if (result instanceof Response) return result;
  const { status, dryRunStatus = status, dryRunAnswer = route.answer } = route;
  const isDryRun = isObject(input.query) && input.query['dry_run'] === true;
  if ((isDryRun ? dryRunAnswer : route.answer) === null) return emptyReply;
  return jsonReply(isDryRun ? dryRunStatus : status, result);
}

/** What is no Fault, or one we threw at ourselves, is a defect: the whole of it goes to the log. */
export function logUnexpected(
  error: unknown,
  route: Pick<Route, 'method' | 'path'> | null,
  requestId: string,
  deps: ApiDeps,
): void {
  if (error instanceof Fault && error.kind !== 'internal') return;
  const at = route ? `${route.method.toUpperCase()} ${route.path}` : null;
  deps.log.error({ err: error, request_id: requestId, route: at }, STATUS_CODES[500]);
}

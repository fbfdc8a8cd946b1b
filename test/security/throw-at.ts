import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { both } from '../contracts/mcp-counter.ts';
import { liftRate, startWorld, type Json, type World } from '../world.ts';
import { furnish, openServices, type Furnished, type Services } from './furnish.ts';
import { essence, nounOf, pathWith, readRoutes, type SweptRoute } from './sweep.ts';

// One world to throw odd requests at, and what is expected of every refusal.

export let world: World;
export let services: Services;
export let routes: readonly SweptRoute[];
export let org: Furnished;
/** May do everything, as often as it likes. */
export let key: string;
export async function openWorld(): Promise<void> {
  world = await startWorld();
  services = await openServices();
  ({ routes } = await readRoutes(world));
  org = await furnish(world, services);
  await liftRate(world, org.adminKey);
  const made = await org.ask('POST', '/v1/keys', { scopes: ['management:all', 'runtime:all'] });
  key = made.json.data.key;
}

export async function closeWorld(): Promise<void> {
  await world.close();
  await services.close();
}

/** Runs `work` against another organization, with a key of its own. */
export async function actingFor(other: Furnished, work: () => Promise<void>): Promise<void> {
  const before = { org, key };
  await liftRate(world, other.adminKey);
  const made = await other.ask('POST', '/v1/keys', { scopes: ['management:all', 'runtime:all'] });
  [org, key] = [other, made.json.data.key];
  try {
    await work();
  } finally {
    ({ org, key } = before);
  }
}

export const withBody = (): readonly SweptRoute[] => routes.filter((route) => route.body !== null);
export const ownPath = (route: SweptRoute): string =>
  pathWith(route, (param) => org.things[nounOf(route, param)!]);

export type Raw = { status: number; text: string; json: Json };

/** Exactly these bytes at exactly this path. */
export function send(
  method: string,
  path: string,
  raw: string | Buffer | null,
  type = 'application/json',
): Promise<Raw> {
  const headers: Record<string, string> = { authorization: `Bearer ${key}`, accept: both };
  if (raw !== null) headers['content-type'] = type;
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ port: world.port, host: '127.0.0.1', method, path, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject).on('end', () => {
        const text = Buffer.concat(parts).toString();
        const isJson = response.headers['content-type']?.includes('json') && text !== '';
        resolve({ status: response.statusCode!, text, json: isJson ? JSON.parse(text) : undefined });
      });
    });
    sent.on('error', reject).end(raw ?? undefined);
  });
}

/** Refused in the shape of the route’s contract; `place`: with where it was wrong. */
export function assertRefused(
  route: SweptRoute,
  answer: Raw,
  what: string,
  statuses: readonly number[],
  place = false,
): void {
  const title = `${route.name}, ${what}: ${answer.status} ${answer.text.slice(0, 400)}`;
  assert.ok(statuses.includes(answer.status), title);
  assertShape(route, answer, title);
  if (!place) return;
  const { json } = answer;
  if (Array.isArray(json.detail))
    assert.ok(
      json.detail.every((each: Json) => each.loc.length > 0),
      title,
    );
  // This contract's errors have three fields: the place begins the sentence.
  else if (/^\/v1\/(connectors|agents)/.test(route.path))
    assert.match(json.error.message, /^[\w.]+: /, title);
  else assert.equal(typeof json.error.param, 'string', title);
}

function assertShape(route: SweptRoute, { status, json }: Raw, title: string): void {
  assert.ok(json, title);
  if (route.isMcp) return assert.equal(json.jsonrpc, '2.0', title);
  if (route.path.startsWith('/api/v1/')) {
    assert.deepEqual(Object.keys(json), ['error'], title);
    return assert.ok(
      json.error.type && json.error.code && json.error.message && json.error.documentation_url,
      title,
    );
  }
  if (route.path.startsWith('/v1/integrations')) {
    assert.deepEqual(Object.keys(json), ['detail'], title);
    return assert.equal(Array.isArray(json.detail), status === 422, title);
  }
  if (route.path.startsWith('/v1/orgs')) {
    if (status === 422) return assert.ok(Array.isArray(json.detail), title);
    return assert.equal(json.status_code, status, title);
  }
  assert.deepEqual(Object.keys(json), ['error'], title);
  assert.ok(json.error.code && json.error.message && json.error.request_id, title);
}

async function readEverything(): Promise<Map<string, string>> {
  // Ends of calls and learned shapes are written after the answer: what is compared has to stand still.
  await world.crib.gateway.drain();
  const seen = new Map<string, string>();
  for (const route of routes) {
    if (route.method !== 'GET' || route.isPublic || route.isStream) continue;
    // What tells of requests and attempts themselves grows with them, whatever they say.
    if (/metrics|api-calls|audit|calls/.test(route.path)) continue;
    const answer = await world.ask('GET', ownPath(route), { key });
    if (route.path !== '/v1/orgs') assert.equal(answer.status, 200, `${route.name}: ${answer.text}`);
    seen.set(route.name, essence(answer));
  }
  return seen;
}

/** Runs `work` and finds everything as it was before; `atLeast` tells that the sweep really swept. */
export async function movesNothing(
  atLeast: number,
  work: (failures: string[]) => Promise<number>,
): Promise<void> {
  const was = await readEverything();
  assert.ok(was.size >= 30);
  const failures: string[] = [];
  const count = await work(failures);
  assert.deepEqual(failures, []);
  assert.ok(count >= atLeast, `${count} requests`);
  assert.deepEqual(await readEverything(), was);
  assert.deepEqual(world.logged, [], 'nothing went wrong inside');
}

export const validation = [400, 422];

export function assertNoFailure(route: SweptRoute, answer: Raw, what: string): void {
  assert.ok(
    answer.status < 500 || answer.status === 502,
    `${route.name}, ${what}: ${answer.status} ${answer.text}`,
  );
}

export function attempt(failures: string[], check: () => void): void {
  try {
    check();
  } catch (error) {
    failures.push((error as Error).message);
  }
}

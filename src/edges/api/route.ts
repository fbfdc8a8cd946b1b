import type { IncomingMessage } from 'node:http';
import type { z } from '@hono/zod-openapi';
import type { Scope } from '../../access/index.ts';
import type { ConnectionsCtx } from '../../connections/index.ts';
import type { Contract } from './contract.ts';
import type { ApiDeps } from './deps.ts';

/** What a route's handler is given: read, checked, and in the domain's types. */
export type Asked<Params = unknown, Query = unknown, Body = unknown> = {
  /** The current caller, and what the commands of every room need. */
  ctx: ConnectionsCtx;
  deps: ApiDeps;
  requestId: string;
  params: Params;
  query: Query;
  body: Body;
  /** The path and the raw query, for links to the next page. */
  path: string;
  search: URLSearchParams;
  /** Aborted when the client leaves. */
  signal: AbortSignal;
  incoming: IncomingMessage;
};

type RouteFacts = {
  contract: Contract;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for what varies; under /api/v1 written with its trailing slash. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /** Checked before the request is read, so that a key without it learns nothing else. Null: any key. */
  scope: Scope | null;
  /** `call`: not counted against the limits of management requests. */
  kind?: 'management' | 'call';
  bodyOptional?: boolean;
  /** Bytes; 1 MiB unless said. */
  bodyLimit?: number;
  /** The domain's field names where this contract has others: renames the places of its problems. */
  names?: Readonly<Record<string, string>>;
  status: 200 | 201 | 204;
  /** The status where the query asks for a dry run: nothing was created. */
  dryRunStatus?: 200;
  /** What is answered, for OpenAPI; null for an empty answer. */
  answer: z.ZodType | null;
  /** What a dry run answers instead, where that is another thing. */
  dryRunAnswer?: z.ZodType;
  /** The answer's content type where it is not JSON. */
  answerType?: string;
};

export type RouteSpec<
  Params extends z.ZodType,
  Query extends z.ZodObject,
  Body extends z.ZodType,
> = RouteFacts & {
  params?: Params;
  query?: Query;
  body?: Body;
  /** The JSON to answer; a Response for what is no JSON. */
  handle: (asked: Asked<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<unknown>;
};

/** A route whose types have done their work: what the table of routes holds. */
export type Route = RouteFacts & {
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  handle: (asked: Asked) => Promise<unknown>;
};

export function route<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
>(spec: RouteSpec<Params, Query, Body>): Route {
  return { ...spec, handle: spec.handle as Route['handle'] };
}

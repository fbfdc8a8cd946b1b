/**
 * What can go wrong, in the product's own words. Failures are thrown as a Fault; every edge turns a kind
 * into its contract's shape in one exhaustive switch (docs/adr/0001-words.md).
 */
export type FaultKind =
  | 'malformed' // the body is not readable as JSON
  | 'unsupported_media_type'
  | 'too_large'
  | 'invalid' // readable, but wrong: `problems` says where
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'rate_limited'
  | 'unavailable' // the database is away, or we are stopping
  | 'upstream' // the service behind a connection failed
  | 'internal';

/** Where a problem is: the part of the request, then the way into it. */
export type ProblemPlace = 'path' | 'query' | 'header' | 'body';

/**
 * One thing wrong with a request. `type` is the vocabulary of conventions.md ("Errors"):
 * `missing`, `extra_forbidden`, `unknown_field`, `wrong_type`, `value_error` and so on.
 */
export type Problem = {
  type: string;
  place: ProblemPlace;
  path: readonly (string | number)[];
  message: string;
  /** What was sent. Left out for secret and unknown fields. */
  input?: unknown;
  ctx?: Record<string, unknown>;
};

export type FaultDetails = {
  /** A stable, machine-readable code where the kind alone says too little: `idempotency_key_reused`. */
  code?: string;
  problems?: readonly Problem[];
  /** Seconds until another try makes sense. */
  retryAfter?: number;
  /** Further facts for the reader, such as the packs that use a connection. Never a secret. */
  details?: Record<string, unknown>;
  cause?: unknown;
};

export class Fault extends Error {
  readonly kind: FaultKind;
  readonly code: string;
  readonly problems: readonly Problem[];
  readonly retryAfter: number | null;
  readonly details: Record<string, unknown>;

  constructor(kind: FaultKind, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'Fault';
    this.kind = kind;
    this.code = details.code ?? kind;
    this.problems = details.problems ?? [];
    this.retryAfter = details.retryAfter ?? null;
    this.details = details.details ?? {};
  }
}

/** The same sentence for what is absent and for what belongs to somebody else. */
export const notFound = (): Fault => new Fault('not_found', 'Not found.');

/** A validation fault for one or more problems in the body. */
export function invalid(...problems: readonly Problem[]): Fault {
  return new Fault('invalid', problems[0]?.message ?? 'The request is not valid.', { problems });
}

/** A problem in the body at `path`. */
export function bodyProblem(
  type: string,
  path: readonly (string | number)[],
  message: string,
  more: { input?: unknown; ctx?: Record<string, unknown> } = {},
): Problem {
  return { type, place: 'body', path, message, ...more };
}

/** For the default branch of a switch over a closed union. */
export function unreachable(value: never): never {
  throw new Fault('internal', `Unexpected value ${String(value)}.`);
}

import type { Fault, FaultKind, Problem } from '../../kernel/index.ts';

/** What an edge may refuse with: a Fault, or a method the path does not have. */
export type Refusal = Pick<Fault, 'code' | 'message' | 'problems' | 'retryAfter' | 'details'> & {
  kind: FaultKind | 'method_not_allowed';
};

export type Occasion = { requestId: string; now: Date; publicUrl: string };

/** One published way of speaking: its base paths and how it says that something went wrong. */
export type Contract = {
  /** Names its OpenAPI file, `/openapi/<name>.json`. */
  name: 'toolcrib' | 'tool-packs' | 'connection-tools' | 'connectors' | 'orgs';
  title: string;
  description: string;
  /** Prefixes of the paths that are this contract's. */
  basePaths: readonly string[];
  /** One exhaustive switch: the status and body for a refusal. */
  refuse(refusal: Refusal, occasion: Occasion): { status: number; body: unknown };
};

/** Status codes that every contract shares; validation is the one they differ in. */
export function statusOf(kind: Refusal['kind'], validation: 400 | 422): number {
  switch (kind) {
    case 'malformed':
      return 400;
    case 'unsupported_media_type':
      return 415;
    case 'too_large':
      return 413;
    case 'invalid':
      return validation;
    case 'unauthenticated':
      return 401;
    case 'forbidden':
      return 403;
    case 'not_found':
      return 404;
    case 'method_not_allowed':
      return 405;
    case 'conflict':
      return 409;
    case 'rate_limited':
      return 429;
    case 'unavailable':
      return 503;
    case 'upstream':
      return 502;
    case 'internal':
      return 500;
  }
}

/** The Fault's own code where it has one, else the kind in the words of the contracts under `/v1`. */
export function codeOf({ kind, code }: Refusal): string {
  if (code !== kind) return code;
  switch (kind) {
    case 'malformed':
      return 'malformed_json';
    case 'too_large':
      return 'payload_too_large';
    case 'invalid':
      return 'validation_error';
    case 'upstream':
      return 'upstream_error';
    case 'internal':
      return 'internal_error';
    case 'unsupported_media_type':
    case 'unauthenticated':
    case 'forbidden':
    case 'not_found':
    case 'method_not_allowed':
    case 'conflict':
    case 'rate_limited':
    case 'unavailable':
      return kind;
  }
}

/** The contract under whose base path this path is: the longest prefix wins. */
export function contractOf(contracts: readonly Contract[], path: string): Contract {
  let best: { contract: Contract; length: number } | null = null;
  for (const contract of contracts) {
    for (const base of contract.basePaths) {
      const isUnder = base === '/' || path === base || path.startsWith(`${base}/`);
      if (isUnder && base.length > (best?.length ?? 0)) best = { contract, length: base.length };
    }
  }
  return best!.contract;
}

/** One entry of FastAPI's `detail`, its keys in FastAPI's order. */
export function detailEntry(problem: Problem): Record<string, unknown> {
  return {
    type: problem.type,
    loc: [problem.place, ...problem.path],
    msg: problem.message,
    ...('input' in problem ? { input: problem.input } : {}),
    ...(problem.ctx && Object.keys(problem.ctx).length > 0 ? { ctx: problem.ctx } : {}),
  };
}

/** A JSON pointer into the body; the bare name for a path, query or header value. */
export function paramOf(problem: Problem | undefined): string | undefined {
  if (!problem) return undefined;
  if (problem.place !== 'body') return problem.path.join('.');
  return problem.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** All problems in one sentence each, for contracts whose error is a single message. */
export function sentenceOf(refusal: Refusal): string {
  if (refusal.problems.length === 0) return refusal.message;
  const sentences = refusal.problems.map((problem) => {
    const where = problem.path.join('.').slice(0, 120) || problem.place;
    return `${where}: ${problem.message}`;
  });
  return sentences.join('; ').slice(0, 2000);
}

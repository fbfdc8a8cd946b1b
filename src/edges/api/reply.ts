import { Fault, type Problem } from '../../kernel/index.ts';
import type { Contract, Occasion, Refusal } from './contract.ts';

/** An answer as it travels: what idempotency keeps and every contract ends in. */
export type Reply = {
  status: number;
  contentType: string | null;
  body: string;
  headers: Record<string, string>;
};

export function jsonReply(status: number, body: unknown, headers: Record<string, string> = {}): Reply {
  return { status, contentType: 'application/json', body: JSON.stringify(body), headers };
}

export const emptyReply: Reply = { status: 204, contentType: null, body: '', headers: {} };

/** What went wrong, as the contract says it. Anything that is no Fault is ours to mend and tells nothing. */
export function refusalReply(
  contract: Contract,
  error: unknown,
  occasion: Occasion,
  names: Readonly<Record<string, string>> = {},
): Reply {
  const refusal = asRefusal(error);
  const problems = refusal.problems.map((problem) => renamed(problem, names));
  const { status, body } = contract.refuse(
    {
      kind: refusal.kind,
      code: refusal.code,
      message: refusal.message,
      problems,
      retryAfter: refusal.retryAfter,
      details: refusal.details,
    },
    occasion,
  );
  const headers: Record<string, string> = {};
  if (refusal.kind === 'unauthenticated') headers['WWW-Authenticate'] = 'Bearer realm="toolcrib"';
  if (refusal.kind === 'unavailable' || refusal.kind === 'rate_limited') {
    headers['Retry-After'] = String(Math.max(1, Math.ceil(refusal.retryAfter ?? 2)));
  }
  return jsonReply(status, body, headers);
}

export const internalMessage = 'Something went wrong here. The request id finds it in the log.';

/** Thrown where a path is known and the method is not among its own. */
export class MethodNotAllowed extends Error {}

function asRefusal(error: unknown): Refusal {
  if (error instanceof MethodNotAllowed) {
    const message = 'This path does not have this method.';
    return {
      kind: 'method_not_allowed',
      code: 'method_not_allowed',
      message,
      problems: [],
      retryAfter: null,
      details: {},
    };
  }
  const isSpoken = error instanceof Fault && error.kind !== 'internal';
  return isSpoken ? error : new Fault('internal', internalMessage);
}

function renamed(problem: Problem, names: Readonly<Record<string, string>>): Problem {
  const [first, ...rest] = problem.path;
  if (problem.place !== 'body' || typeof first !== 'string' || !Object.hasOwn(names, first)) return problem;
  // A field that the body has too much is called as the body calls it.
  if (problem.type === 'extra_forbidden' && rest.length === 0) return problem;
  return { ...problem, path: [names[first]!, ...rest] };
}

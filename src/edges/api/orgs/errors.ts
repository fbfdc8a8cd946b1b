import { detailEntry, statusOf, type Contract, type Refusal } from '../contract.ts';

/** Validation is 422 `detail`; everything else `{error, message, details, timestamp, status_code}`. */
export const orgsContract: Contract = {
  name: 'orgs',
  title: 'Organizations',
  description: 'Compatibility: organizations, workspaces and what is kept under them, below /v1/orgs.',
  basePaths: ['/v1/orgs'],
  refuse(refusal, { now }) {
    const status = statusOf(refusal.kind, 422);
    if (refusal.kind === 'invalid' && refusal.problems.length > 0) {
      return { status, body: { detail: refusal.problems.map(detailEntry) } };
    }
    const body = {
      error: refusal.code === refusal.kind ? nameOf(refusal.kind) : refusal.code.toUpperCase(),
      message: refusal.message,
      details: refusal.details,
      timestamp: now.toISOString(),
      status_code: status,
    };
    return { status, body };
  },
};

function nameOf(kind: Refusal['kind']): string {
  switch (kind) {
    case 'malformed':
      return 'MALFORMED_JSON';
    case 'unsupported_media_type':
      return 'UNSUPPORTED_MEDIA_TYPE';
    case 'too_large':
      return 'PAYLOAD_TOO_LARGE';
    case 'invalid':
      return 'VALIDATION_ERROR';
    case 'unauthenticated':
      return 'UNAUTHORIZED';
    case 'forbidden':
      return 'FORBIDDEN';
    case 'not_found':
      return 'RESOURCE_NOT_FOUND';
    case 'method_not_allowed':
      return 'METHOD_NOT_ALLOWED';
    case 'conflict':
      return 'CONFLICT';
    case 'rate_limited':
      return 'RATE_LIMITED';
    case 'unavailable':
      return 'SERVICE_UNAVAILABLE';
    case 'upstream':
      return 'UPSTREAM_ERROR';
    case 'internal':
      return 'INTERNAL_ERROR';
  }
}

import { paramOf, sentenceOf, statusOf, type Contract, type Refusal } from '../contract.ts';

/** `{"error": {type, code, message, documentation_url, param?}}`; validation is 400. */
export const toolPacksContract: Contract = {
  name: 'tool-packs',
  title: 'Tool packs',
  description: 'Compatibility: tool packs, registered users, access keys and logs under /api/v1.',
  basePaths: ['/api/v1'],
  refuse(refusal, { publicUrl }) {
    const { type, code } = namesOf(refusal.kind);
    const param = paramOf(refusal.problems[0]);
    const error = {
      type,
      code: refusal.code === refusal.kind ? code : refusal.code,
      message: sentenceOf(refusal),
      documentation_url: `${publicUrl}/docs#errors`,
      ...(param ? { param } : {}),
    };
    return { status: statusOf(refusal.kind, 400), body: { error } };
  },
};

function namesOf(kind: Refusal['kind']): { type: string; code: string } {
  switch (kind) {
    case 'malformed':
      return { type: 'validation_error', code: 'malformed_json' };
    case 'unsupported_media_type':
      return { type: 'validation_error', code: 'unsupported_media_type' };
    case 'too_large':
      return { type: 'validation_error', code: 'payload_too_large' };
    case 'invalid':
      return { type: 'validation_error', code: 'invalid_request' };
    case 'unauthenticated':
      return { type: 'authentication_error', code: 'invalid_api_key' };
    case 'forbidden':
      return { type: 'permission_error', code: 'forbidden' };
    case 'not_found':
      return { type: 'not_found_error', code: 'not_found' };
    case 'method_not_allowed':
      return { type: 'validation_error', code: 'method_not_allowed' };
    case 'conflict':
      return { type: 'conflict_error', code: 'conflict' };
    case 'rate_limited':
      return { type: 'rate_limit_error', code: 'rate_limited' };
    case 'unavailable':
      return { type: 'api_error', code: 'unavailable' };
    case 'upstream':
      return { type: 'api_error', code: 'upstream_error' };
    case 'internal':
      return { type: 'api_error', code: 'internal_error' };
  }
}

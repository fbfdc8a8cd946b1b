import { codeOf, paramOf, sentenceOf, statusOf, type Contract, type Refusal } from '../contract.ts';

/** `{"error": {code, message, request_id, param?}}`; validation is 422. */
export const ownContract: Contract = {
  name: 'toolcrib',
  title: 'Toolcrib',
  description: 'The product’s own API: what its command line and documentation use.',
  basePaths: ['/'],
  refuse(refusal, { requestId }) {
    const param = paramOf(refusal.problems[0]);
    const error = {
      code: codeOf(refusal),
      message: sentenceOf(refusal),
      request_id: requestId,
      ...(param ? { param } : {}),
    };
    return { status: statusOf(refusal.kind, 422), body: { error: { ...error, ...detailsOf(refusal) } } };
  },
};

/** Facts a refusal was given beyond its sentence, such as the packs that use a connection. */
function detailsOf(refusal: Refusal): { details?: unknown } {
  return Object.keys(refusal.details).length > 0 ? { details: refusal.details } : {};
}

import { codeOf, sentenceOf, statusOf, type Contract } from '../contract.ts';

/** `{"error": {code, message, request_id}}` and nothing else; validation is 422, its places in the sentence. */
export const connectorsContract: Contract = {
  name: 'connectors',
  title: 'Connectors and agents',
  description:
    'Compatibility: configured accounts of services, and agents that are given some of their tools, below /v1/connectors and /v1/agents.',
  basePaths: ['/v1/connectors', '/v1/agents'],
  refuse(refusal, { requestId }) {
    const error = { code: codeOf(refusal), message: sentenceOf(refusal), request_id: requestId };
    return { status: statusOf(refusal.kind, 422), body: { error } };
  },
};

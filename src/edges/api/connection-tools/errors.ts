import { detailEntry, statusOf, type Contract, type Refusal } from '../contract.ts';

/** Validation is 422 with every problem as one entry of `detail`; everything else is a sentence in `detail`. */
export const connectionToolsContract: Contract = {
  name: 'connection-tools',
  title: 'Connection tools',
  description: 'Compatibility: connections and the curation of their tools under /v1/integrations.',
  basePaths: ['/v1/integrations'],
  refuse(refusal) {
    if (refusal.code === unavailable) {
      return { status: 400, body: { detail: `${unavailable}: ${refusal.message}` } };
    }
    return { status: statusOf(refusal.kind, 422), body: { detail: detailOf(refusal) } };
  },
};

/** The code of a tool that cannot be tested: unknown and disabled are one. */
const unavailable = 'ToolUnavailableError';

function detailOf({ kind, problems, message }: Refusal): unknown {
  return kind === 'invalid' && problems.length > 0 ? problems.map(detailEntry) : message;
}

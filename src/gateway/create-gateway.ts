import { setTimeout as wait } from 'node:timers/promises';
import { answerApproval, tellUnanswered, untilDecided } from '../approvals/index.ts';
import { authorize, type Caller } from '../access/index.ts';
import { clientMayAnswer } from './answer-confirmation.ts';
import { call } from './call.ts';
import { createConsentLinks } from './consent-links.ts';
import type { GatewayDeps } from './ctx.ts';
import { createShapeLearner } from './learn-shape.ts';
import { createRecorder } from './records.ts';
import { createSnapshots } from './snapshots.ts';
import { tryTool, type Tried, type TryInput } from './try-tool.ts';
import type { Gateway } from './types.ts';
import { untilConnected } from './until-connected.ts';

/** The gateway with what belongs to people who curate, not to agents. */
export type FullGateway = Gateway & {
  tryTool(caller: Caller, input: TryInput, signal: AbortSignal): Promise<Tried>;
  /** Resolves when every row of ended calls is written. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

/** Milliseconds that calls cut off at the end are waited for. */
const lastMoment = 1_000;

export function createGateway(deps: GatewayDeps): FullGateway {
  const snapshots = createSnapshots(deps);
  const recorder = createRecorder(deps);
  const learner = createShapeLearner(deps);
  const consentLinks = createConsentLinks(deps);
  const callDeps = { ...deps, recorder, learner, consentLinks };
  // Calls whose clients were cut off end a moment later, and their ends are to be written too.
  const underWay = new Set<Promise<unknown>>();
  const watched = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    const leave = (): void => void underWay.delete(work);
    work.then(leave, leave);
    return work;
  };
  const drain = async (): Promise<void> => {
    await recorder.drain();
    await learner.drain();
  };
  return {
    view(principal, address) {
      authorize(principal, 'runtime:all');
      return snapshots.view(principal, address);
    },
    async call(request) {
      authorize(request.caller.principal, 'runtime:all');
      const view = snapshots.view(request.caller.principal, request.address);
      return watched(call(callDeps, request, view instanceof Promise ? await view : view));
    },
    untilConnected(principal, address, tool, signal) {
      authorize(principal, 'runtime:all');
      return untilConnected(snapshots, principal, address, tool, signal);
    },
    async answerApproval(caller, address, { state, action }) {
      authorize(caller.principal, 'runtime:all');
      const approvalId = deps.approvalKeys.openState(caller.principal, state);
      const view = await snapshots.view(caller.principal, address);
      if (action === null) await tellUnanswered(deps, caller.principal.organizationId, approvalId);
      else if (clientMayAnswer(caller.principal, view))
        await answerApproval(deps, caller, { approvalId, action });
    },
    untilDecided(principal, approvalId, signal) {
      authorize(principal, 'runtime:all');
      return untilDecided(deps, principal.organizationId, approvalId, signal);
    },
    onChange: (listener) => snapshots.onChange(listener),
    tryTool: (caller, input, signal) => watched(tryTool(callDeps, caller, input, signal)),
    drain,
    async close() {
      snapshots.close();
      consentLinks.close();
      await Promise.race([Promise.allSettled(underWay), wait(lastMoment, undefined, { ref: false })]);
      await drain();
    },
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import { clientMetadata, type ConnectFlow } from '../../connections/index.ts';
import { notFound, type Clock } from '../../kernel/index.ts';
import type { Entered } from '../door/index.ts';
import { isConnectPath, readTarget, type Target } from './address.ts';
import { createCookies, isVisit } from './browser.ts';
import { pageOf } from './faults.ts';
import { createStepLimit } from './limit-steps.ts';
import { faultPage, lookingPage } from './pages/plain-pages.ts';
import { createResultSeal } from './result.ts';
import { sendPage } from './send.ts';
import { sendStep } from './send-step.ts';
import { showLink } from './show-link.ts';
import { takeStep } from './take-step.ts';
import type { Log, Parts, Visit } from './visit.ts';

export type ConnectEdgeDeps = {
  flow: ConnectFlow;
  clock: Clock;
  publicUrl: URL;
  /** Signs what a browser keeps of how a link ended; the same on every replica. */
  resultKey: Buffer;
  log: Log;
  /** Throws Fault `unavailable` while the database is away. */
  assertDatabase?: () => Promise<void>;
};

export type ConnectEdge = {
  /** True for the paths this edge answers, whatever the method. */
  owns(path: string): boolean;
  /** Answers a request that has passed the door. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, entered: Entered): Promise<void>;
};

/**
 * The pages by which a person connects an account: plain forms, one submit a step, no script. Public: what opens a
 * link is its token, 32 random bytes, together with the cookie of the browser that opened it first.
 */
export function createConnectEdge(deps: ConnectEdgeDeps): ConnectEdge {
  const { publicUrl, resultKey, ...rest } = deps;
  const parts: Parts = {
    ...rest,
    publicUrl,
    cookies: createCookies(publicUrl),
    seal: createResultSeal(resultKey),
    limit: createStepLimit(deps.clock),
  };
  return {
    owns: isConnectPath,
    async handle(request, response, entered) {
      const isHead = request.method === 'HEAD';
      try {
        await deps.assertDatabase?.();
        await answer(parts, { request, response, entered }, readTarget(entered.path));
      } catch (error) {
        sendPage(response, pageOf(error, entered.requestId, deps.log), [], isHead);
      }
    },
  };
}

async function answer(parts: Parts, visit: Visit, target: Target): Promise<void> {
  const { request } = visit;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  switch (target.kind) {
    case 'link':
      if (isRead) return showLink(parts, visit, target.token);
      if (request.method === 'POST') return takeStep(parts, visit, target.token);
      return refuseMethod(visit, 'GET, HEAD, POST');
    case 'callback':
      return isRead ? takeAnswer(parts, visit) : refuseMethod(visit, 'GET, HEAD');
    case 'metadata':
      return isRead ? sendMetadata(parts, visit) : refuseMethod(visit, 'GET, HEAD');
    case 'nothing':
      request.resume();
      throw notFound();
  }
}

/** GET /connect/callback and /connect/answer: what the service sent back, taken for the browser that was sent there and no other. */
async function takeAnswer(parts: Parts, visit: Visit): Promise<void> {
  const { request, response, entered } = visit;
  if (!isVisit(request)) return sendPage(response, lookingPage, [], request.method === 'HEAD');
  const browser = parts.cookies.browser(request);
  if (browser === null) throw notFound();
  // At the public origin, whatever the host that a proxy has asked for.
  const answer = new URL(entered.path, parts.publicUrl.origin);
  answer.search = entered.query.toString();
  const step = await parts.flow.takeAnswer(answer, browser);
  sendStep(parts, visit, { token: step.token, browser }, step);
}

function sendMetadata({ publicUrl }: Parts, { request, response }: Visit): void {
  const text = JSON.stringify(clientMetadata(publicUrl.origin));
  response.writeHead(200, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    'Cache-Control': 'public, max-age=300',
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function refuseMethod({ request, response }: Visit, allow: string): void {
  request.resume();
  const page = faultPage(
    405,
    'That did not work',
    'This page is opened, or its form is sent; nothing else.',
    {
      headers: { Allow: allow },
    },
  );
  sendPage(response, page, []);
}

import type { FlowStep } from '../../connections/index.ts';
import { linkAddress } from './address.ts';
import { resultPage } from './pages/result-page.ts';
import { resultOf } from './result.ts';
import { sendOn, sendPage } from './send.ts';
import type { Parts, Visit } from './visit.ts';

/** On to the page of what comes next: loading that again repeats nothing, and its address says nothing. */
export function sendStep(
  parts: Parts,
  { response }: Visit,
  { token, browser }: { token: string; browser: string },
  step: FlowStep,
): void {
  if (step.kind === 'confirm') return sendOn(response, linkAddress(token), []);
  const result = resultOf(step);
  const sealed = parts.seal.write(result, token, browser);
  // A callback address of two thousand characters fits into no cookie.
  if (sealed === null) return sendPage(response, resultPage(result), []);
  sendOn(response, linkAddress(token), [parts.cookies.setResult(sealed)]);
}

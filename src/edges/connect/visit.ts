import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ConnectFlow } from '../../connections/index.ts';
import type { Clock } from '../../kernel/index.ts';
import type { Entered } from '../door/index.ts';
import type { Cookies } from './browser.ts';
import type { StepLimit } from './limit-steps.ts';
import type { ResultSeal } from './result.ts';

export type Log = { error(facts: object, message: string): void };

/** What the steps of these pages need. */
export type Parts = {
  flow: ConnectFlow;
  clock: Clock;
  publicUrl: URL;
  cookies: Cookies;
  seal: ResultSeal;
  limit: StepLimit;
  log: Log;
};

/** One request on its way. Its path is in no log: whoever knows a link's token can open the link. */
export type Visit = { request: IncomingMessage; response: ServerResponse; entered: Entered };

export { createSample, type Sample } from './curate-sample.ts';
export { describeSample, type SampleCounts } from './describe-sample.ts';
export { startHelpdesk, type Helpdesk } from './start-helpdesk.ts';

export { createEgress } from './create-egress.ts';
export { acceptedEncodings } from './decode-body.ts';
export {
  badReply,
  breakerOpen,
  cancelledCall,
  endedBy,
  replyTooLarge,
  serviceTimeout,
  unreachableService,
  upstreamFault,
} from './faults.ts';
export { isLoopbackHost, isPublicName } from './classify-address.ts';
export { readAllowList } from './read-allow-list.ts';
export type { Lookup, Resolved } from './guard.ts';
export type * from './types.ts';

/** Ends after `patience` milliseconds, or as soon as something else cuts it short. */
export const deadline = (patience: number, ending: AbortSignal | undefined): AbortSignal =>
  ending ? AbortSignal.any([ending, AbortSignal.timeout(patience)]) : AbortSignal.timeout(patience);

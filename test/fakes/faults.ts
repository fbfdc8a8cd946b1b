import { Fault } from '../../src/kernel/index.ts';
import type { FaultKind } from '../../src/kernel/index.ts';

/** For `assert.rejects`: a Fault of this kind and, where it matters, this code. */
export const isFault =
  (kind: FaultKind, code?: string) =>
  (error: unknown): boolean =>
    error instanceof Fault && error.kind === kind && (code === undefined || error.code === code);

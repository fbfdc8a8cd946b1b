import { keyVersionsOfApprovals } from '../approvals/index.ts';
import { keyVersionsOfAuthorizations } from '../connections/index.ts';
import { keyVersionsOfResponses } from '../edges/index.ts';
import { keyVersionsOfCalls, keyVersionsOfKept } from '../journal/index.ts';
import type { KeyUse } from '../vault/index.ts';

/** Whose rows are sealed with versions of organization keys, besides the vault's own. */
export const keyUses: readonly KeyUse[] = [
  keyVersionsOfCalls,
  keyVersionsOfKept,
  keyVersionsOfAuthorizations,
  keyVersionsOfApprovals,
  keyVersionsOfResponses,
];

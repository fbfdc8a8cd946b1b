import { keyVersionsOfApprovals } from '../approvals/index.ts';
import { keyVersionsOfAuthorizations } from '../connections/index.ts';
import { keyVersionsOfResponses } from '../edges/index.ts';
import { keyVersionsOfCalls } from '../journal/index.ts';
import type { KeyUse } from '../vault/index.ts';

/** Whose rows are sealed with versions of organization keys, besides the vault's own. */
export const keyUses: readonly KeyUse[] = [
  keyVersionsOfCalls,
  keyVersionsOfAuthorizations,
  keyVersionsOfApprovals,
  keyVersionsOfResponses,
];

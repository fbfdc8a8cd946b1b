import type { JsonObject } from '../kernel/index.ts';

/** How far a yes reaches: this one call, or this tool of this connection for the turn or for an hour. */
export const reaches = ['once', 'turn', 'hour'] as const;
export type Reach = (typeof reaches)[number];

/** Who said so: the person at the caller's own client, or whoever may decide for the organization. */
export type Via = 'client' | 'member';

/** What is to be seen of an approval. `used` is a single yes that has let its call through. */
export const approvalStatuses = ['pending', 'approved', 'denied', 'used', 'expired', 'void'] as const;
export type ApprovalStatus = (typeof approvalStatuses)[number];

/** A call that waits for a person's yes, and what became of it. */
export type Approval = {
  id: string;
  organizationId: string;
  status: ApprovalStatus;
  /** Who asked. */
  principal: { type: string; id: string };
  /** The tool's slug. */
  tool: string;
  toolId: string;
  connectionId: string;
  packId: string;
  userId: string | null;
  /** The account it runs as: `organization`, `company:<id>`, `user:<id>`, `none`. */
  ranAs: string;
  /** The final arguments; sealed values and what the service calls secret as `***`. */
  arguments: JsonObject;
  protocol: string;
  requestedAt: Date;
  expiresAt: Date;
  decidedAt: Date | null;
  decidedBy: { type: string; id: string } | null;
  via: Via | null;
  lasts: Reach | null;
  memo: string | null;
  usedAt: Date | null;
  uses: number;
  /** The last call it let through. */
  callId: string | null;
};

/** The exact call a person is asked about. What is not the same in all of it needs a yes of its own. */
export type AskedCall = {
  organizationId: string;
  principal: { type: string; id: string };
  userId: string | null;
  packId: string;
  workspaceId: string;
  toolId: string;
  /** As it was when the call was shaped: an edit since then voids. */
  toolUpdatedAt: Date;
  tool: string;
  connectionId: string;
  /** A hash of the definition, the curation and where calls go. */
  version: string;
  ranAs: string;
  credentialId: string | null;
  /** As they are sent, sealed values as `***`. */
  arguments: JsonObject;
  /** Which of them are sealed: a caller may send the text `***` itself. */
  sealedFields: readonly string[];
  /** The same as people are shown them. */
  shown: JsonObject;
  protocol: string;
};

export const minute = 60_000;
/** How long a person has, and how long a single yes keeps. */
export const approvalLife = 15 * minute;
/** What a yes for a turn lasts at most, because a turn with a name has no end. */
export const longestTurn = 24 * 60 * minute;
export const hour = 60 * minute;
/** A turn without a name is over after so long without a call, in ms. */
export const turnPause = minute;

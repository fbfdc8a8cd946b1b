/** What becomes of an agent when a connection whose tools it has can no longer sign in. */
export type FailurePolicy = 'deactivate' | 'hide_tools';

/** A key with a pack of its own: one name, one address, exactly the tools it was given. All three have its id. */
export type Agent = {
  id: string;
  organizationId: string;
  /** Names its address; unique in the organization in any case. */
  handle: string;
  name: string;
  description: string | null;
  isActive: boolean;
  /** Deactivated by a connection's failure, not by a person: a reconnect may activate it again. */
  isHeld: boolean;
  deactivatedReason: string | null;
  deactivatedAt: Date | null;
  onConnectorFailure: FailurePolicy;
  /** Tools it was given, whether they are served at the moment or not. */
  toolsCount: number;
  /** Its key's bounds; null: every workspace. */
  workspaceIds: readonly string[] | null;
  createdAt: Date;
  updatedAt: Date;
};

/** One tool of an agent: the bare name, and whose. */
export type ToolWish = { name: string; connectionId: string };

export type AgentInput = {
  handle?: string;
  /** Null: the handle. */
  name?: string | null;
  description?: string | null;
  /** Null: active. */
  isActive?: boolean | null;
  /** Null: deactivate. */
  onConnectorFailure?: FailurePolicy | null;
  /** The whole list; null: none. */
  tools?: readonly ToolWish[] | null;
};

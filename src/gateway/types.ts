import type { Caller, Principal } from '../access/index.ts';
import type { ClientAnswer } from '../approvals/index.ts';
import type { Json } from '../kernel/index.ts';

/** Where a client came in: a pack, and the registered user it acts for, if any. */
export type PackAddress = {
  /** The pack's id (either form) or slug, as the client wrote it. */
  pack: string;
  /** The user named by the address; null: the one the key is bound to, if it is bound to exactly one. */
  userId: string | null;
  /** Hide what this user has no credential for. */
  authenticatedOnly?: boolean;
};

/** Where an agent comes in: at its own address, for no user. */
export type AgentAddress = {
  /** Its handle or id, as the client wrote it. */
  agent: string;
  userId: null;
  authenticatedOnly?: boolean;
};

export type Address = PackAddress | AgentAddress;

/** One tool as an agent sees it at an address. */
export type ViewTool = {
  /** The exact name a call must use: `<slug>__<name>`, or the bare name where the pack says `plain`. */
  name: string;
  /** The MCP tool object, serialized once: name, title, description, inputSchema, outputSchema, annotations. */
  json: string;
};

/**
 * What one caller sees at one address, compiled once per change and kept in memory. A new object after
 * every change, so it may key a WeakMap.
 */
export type View = {
  organizationId: string;
  packId: string;
  packName: string;
  /** What the server tells its model first: of the pack, then of the connections it serves. Empty: nothing. */
  instructions: string;
  userId: string | null;
  /** In the order they are listed: by entry, then as the connection lists them. Stable between compilations. */
  tools: readonly ViewTool[];
  /** Ids of the connections at which the user has yet to connect an account. */
  unconnected: readonly string[];
};

export type Progress = { progress: number; total?: number; message?: string };

export type CallRequest = {
  caller: Caller;
  address: Address;
  /** Exactly as the client wrote it. */
  tool: string;
  arguments: unknown;
  /** For the call row: `mcp/2026-07-28`, `mcp/2025-06-18`, `rest`. */
  protocol: string;
  /** Aborted when the client leaves or cancels. */
  signal: AbortSignal;
  onProgress?: (progress: Progress) => void;
  /** The turn the client says it belongs to; absent or null: it names none. */
  turn?: string | null;
  /** The client can put a form before its person. */
  canAsk?: boolean;
  /** What its person answered, and the state the question came with. */
  answered?: { state: string; action: ClientAnswer['action'] } | null;
};

/** MCP's tools/call result, ours to render in any protocol. Errors of a call are a result with `isError`. */
export type ToolResult = {
  content: readonly Json[];
  structuredContent?: Json;
  isError: boolean;
};

/** A person has to connect an account at this page before the call can run. */
export type NeededConsent = { connectionId: string; message: string; url: string; expiresAt: Date };

/** The person at the client may decide on the call: the question, and what comes back with its answer. */
export type NeededApproval = { approvalId: string; message: string; state: string; expiresAt: Date };

/**
 * The result says everything; a protocol that can send its person to a page may do that with `needsConsent` instead,
 * and one that can put a question before them may do that with `needsApproval`.
 */
export type CallAnswer = {
  callId: string;
  result: ToolResult;
  needsConsent?: NeededConsent;
  needsApproval?: NeededApproval;
};

export type Gateway = {
  /**
   * The view at an address. Fault `not_found` when the pack or agent is absent, foreign, or outside the key's scope;
   * one sentence for all. Answers at once, without a promise, when the view is in memory.
   */
  view(principal: Principal, address: Address): View | Promise<View>;
  /**
   * One call, whatever the protocol. Fault `not_found` (code `unknown_tool`) for a tool that is unknown,
   * disabled or outside the pack; Fault `forbidden` (code `agent_deactivated`) at the address of an agent that is
   * deactivated; Fault `unavailable` when its row cannot be written. Everything after that is a result.
   */
  call(request: CallRequest): Promise<CallAnswer>;
  /** Resolves when the tool no longer lacks a credential that its user can give, or when the signal aborts. */
  untilConnected(principal: Principal, address: Address, tool: string, signal: AbortSignal): Promise<void>;
  /**
   * What the person at the client answered to `needsApproval`, where that comes as a message of its own; null: it could
   * not be put to them. Fault `invalid` for a state that is not the caller's.
   */
  answerApproval(
    caller: Caller,
    address: Address,
    answer: { state: string; action: ClientAnswer['action'] | null },
  ): Promise<void>;
  /** Resolves when an approval is decided, has run out or cannot be asked for, or when the signal aborts. */
  untilDecided(principal: Principal, approvalId: string, signal: AbortSignal): Promise<void>;
  /** Tells when what an organization's agents see may have changed. */
  onChange(listener: (organizationId: string) => void): () => void;
};

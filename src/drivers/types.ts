import type { AuthMethod, Binding, Definition } from '../connectors/index.ts';
import type { Json, JsonObject } from '../kernel/index.ts';
import type { Owner } from '../vault/index.ts';
import type { OAuth } from './oauth/types.ts';

/**
 * Points at the credential a call runs with. It carries no secret: drivers/authorize.ts alone asks the
 * vault to open it, and only to sign a request to `origin`.
 */
export type CredentialRef = {
  organizationId: string;
  credentialId: string;
  /** The origin the credential was given for; it travels nowhere else. */
  origin: string;
  method: AuthMethod;
  /** As it was when the reference was made; the credential may have been refreshed since. */
  version: number;
  expiresAt: Date | null;
  isRefreshable: boolean;
  /** Whose it is: by that the one is found that has taken its place. */
  holder?: { connectionId: string; owner: Owner };
  /** Field to secret id of what is sealed but not a credential yet: an account that is being asked who it is. */
  sealed?: Readonly<Record<string, string>>;
};

/** Where a connection's calls go. Holds nothing secret: sealed headers and query travel as `sealedSecretId`. */
export type Target = {
  organizationId: string;
  connectionId: string;
  kind: 'http' | 'mcp' | 'stdio';
  /** Base address of kind http, server address of kind mcp; name in servers.json for stdio. */
  address: string;
  /** Secret holding `{"query": {...}, "headers": {...}}` that belong to the connection itself, or null. */
  sealedSecretId: string | null;
  /** The loopback origin the operator admitted for this connection, or null. */
  localOrigin: string | null;
};

/** A reference to a sealed value inside arguments: the driver puts the value in, everybody else sees `***`. */
export class SealedValue {
  readonly secretId: string;
  constructor(secretId: string) {
    this.secretId = secretId;
  }
  toJSON(): string {
    return '***';
  }
}

export type Arguments = { readonly [field: string]: Json | SealedValue };

export type Invocation = {
  target: Target;
  credential: CredentialRef | null;
  binding: Binding;
  arguments: Arguments;
  /** Ends the call: deadline or the client's leaving. */
  signal: AbortSignal;
  /** Largest reply in bytes; more is cut off with Fault `upstream` (code `reply_too_large`). */
  maxBytes: number;
  traceparent: string;
  /** Whether the call may be sent again after a 5xx or a broken connection. */
  idempotent: boolean;
  onProgress?: (progress: { progress: number; total?: number; message?: string }) => void;
};

/** An MCP content block as the service sent it. */
export type ContentBlock = JsonObject & { readonly type: string };

/**
 * What came back, before curation. `value` is the one canonical value where the reply is JSON (of an HTTP
 * service its body; of an MCP server its structuredContent, else its single text block if that is JSON);
 * undefined where there is none.
 */
export type Reply = {
  isError: boolean;
  /** Of an HTTP service; of an MCP server only where HTTP itself failed: its tools fail with status 200. */
  status: number | null;
  value: Json | undefined;
  /** The blocks as they came (MCP), or one text block for a body that is not JSON; empty when `value` says it all. */
  content: readonly ContentBlock[];
  /** Bytes of the body as received. */
  bytes: number;
  /** Present where the origin the credential was sent to refused it with 401 or 403. */
  refusal?: Refusal;
};

/** What a service says of a credential it refuses (RFC 6750): `invalid_token`, or `insufficient_scope` with scopes. */
export type Refusal = { error: string | null; scopes: readonly string[] };

export type Listing = {
  definitions: readonly Definition[];
  /** What the server calls itself. */
  server: { name: string; version: string } | null;
  instructions: string | null;
};

/**
 * Who says that its list of tools has changed: a server as one connection sees it, or a process of the operator's file,
 * which many connections may share.
 */
export type ListChanged = { organizationId: string; connectionId: string } | { stdioServer: string };

/** Speaks to services. Failures to get an answer are Fault `upstream` with one of these codes. */
export type UpstreamCode =
  | 'unreachable' // refused by the guard, closed, filtered, reset: one dull sentence
  | 'timeout'
  | 'cancelled'
  | 'reply_too_large'
  | 'bad_reply' // not what the protocol says
  | 'breaker_open'
  | 'credential_unreadable'
  | 'credential_origin' // the request would take the credential to an origin it was not given for
  | 'unauthorized' // the service refused to list or to open a session: details.status is 401 or 403
  | 'service_error'; // it answered a listing with an error: details.status where there is one

export type Drivers = {
  readonly oauth: OAuth;
  /** Lists an MCP server's tools (all pages). */
  list(target: Target, credential: CredentialRef | null, signal: AbortSignal): Promise<Listing>;
  /** Sends one call and reads the answer. A service that answers with an error is a Reply, not a Fault. */
  invoke(invocation: Invocation): Promise<Reply>;
  /** Forgets pooled sessions of a connection, after its address or credential changed. */
  forget(connectionId: string): Promise<void>;
  close(): Promise<void>;
};

/** One entry of servers.json (`mcpServers`), which only the operator writes. */
export type StdioServer = {
  command: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
};

/** Lines for the operator; never a secret, never an upstream's text. */
export type Log = (level: 'info' | 'warn', line: string) => void;

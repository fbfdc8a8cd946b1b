// The parts of the API's answers that commands read.

export type WireEntry = {
  slug: string;
  connection_id: string;
  auth_scope: 'INDIVIDUAL' | 'SHARED' | 'ORGANIZATION';
  selection: 'all' | 'exactly';
  tools: readonly string[] | null;
  overrides: { readonly [tool: string]: unknown };
};

export type WirePack = {
  id: string;
  slug: string;
  name: string;
  names?: 'prefixed' | 'plain';
  entries: readonly WireEntry[];
  mcp_url: string;
  token_cost: number;
  is_sample: boolean;
};

export type WireConnection = {
  id: string;
  slug: string;
  nickname: string;
  kind?: string;
  status?: string;
  tools_status?: string;
  status_reason?: string | null;
  held_count?: number;
};

/** A page that a person opens. */
export type WireLink = { connect_url: string; expires_at: string };

export type WireTool = {
  id: string;
  name: string;
  slug: string;
  is_enabled: boolean;
  effect: 'read' | 'write' | 'destructive';
  token_cost: { served: number; raw: number };
  definition?: { description: string | null };
  held?: WireHeld | null;
};

export type WireDifference = { path: string; class: string; before: unknown; after: unknown };

/** What the service says of a tool that nobody has accepted. */
export type WireHeld = {
  kind: 'added' | 'changed' | 'removed';
  class: string;
  diff: readonly WireDifference[];
  stale_inputs: readonly string[];
  stale_paths: readonly string[];
  flags: readonly string[];
  since: string;
  digest: string;
};

export type WireSync = {
  added: readonly string[];
  changed: readonly string[];
  removed: readonly string[];
  unchanged: number;
  held: readonly unknown[];
};

export type WireAccepted = {
  schema_version: number;
  accepted: readonly {
    slug: string;
    kind: string;
    class: string;
    stale_inputs: readonly string[];
    stale_paths: readonly string[];
  }[];
};

export type WireImpact = {
  tools: readonly {
    slug: string;
    class: string | null;
    stale_inputs: readonly string[];
    stale_paths: readonly string[];
  }[];
  packs: readonly { slug: string }[];
  agents: readonly { handle: string }[];
  replayed: {
    calls: number;
    refused: number;
    changed: number;
    undecidable: number;
    examples: readonly { call_id: string; tool: string; outcome: string; reason: string }[];
  };
};

/** How a connection's version stands. */
export type WireVersions = {
  schema_version: number;
  latest_schema_version: number;
  upgrade_available: boolean;
  schema_deprecated: boolean;
};

export type WireUpgraded = {
  previous_version: number;
  new_version: number;
  migration_applied: boolean;
  changelog: string;
  impact?: WireImpact;
};

export type WireApproval = {
  id: string;
  status: string;
  tool: string;
  ran_as: string;
  principal: { type: string; id: string };
  arguments: { readonly [field: string]: unknown };
  expires_at: string;
};

export type WireKey = {
  id: string;
  name: string;
  hint: string;
  scopes: readonly string[];
  pack_ids: readonly string[] | null;
  expires_at: string | null;
  revoked_at: string | null;
  created_at: string;
  key?: string;
};

/** The one answer without an envelope: MCP's tools/call result as it is. */
export type WireCall = {
  call_id: string;
  content: readonly unknown[];
  structuredContent?: unknown;
  isError: boolean;
};

export type WireTried = {
  sent: unknown;
  raw: unknown;
  served: unknown;
  bytes: { raw: number; served: number };
  tokens: { raw: number; served: number };
};

/** The words of a result, as an agent reads them. */
export function textOf(result: WireCall): string {
  const texts = result.content.flatMap((block) =>
    typeof block === 'object' && block !== null && 'text' in block && typeof block.text === 'string'
      ? [block.text]
      : [],
  );
  return texts.join('\n');
}

/** One organization's audit chain: how many rows hold, and the first that does not. */
export type WireChainCheck = {
  organization_id: string;
  rows: number;
  last_hash: string;
  bad: { seq: string; id: string | null; reason: string } | null;
};

/** What `POST /v1/panic` has done, or would do. */
export type WirePanicReport = {
  dry_run: boolean;
  keys_revoked: readonly { id: string; kind: string; name: string; hint: string }[];
  services: readonly {
    slug: string;
    accounts: readonly {
      owner: string;
      account: string | null;
      outcome: 'revoked' | 'disabled' | 'unreachable';
    }[];
    by_hand: string | null;
  }[];
  webhooks_disabled: readonly { id: string; url: string }[];
  secrets_kept: readonly { vault_id: string; name: string }[];
  apps: readonly { client_id: string; of: string }[];
};

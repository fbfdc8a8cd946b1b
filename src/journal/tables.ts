/** The journal's tables as Kysely sees them. Bigints arrive as text. */
export type JournalTables = {
  organization_heads: {
    organization_id: string;
    audit_seq: string;
    audit_hash: Buffer;
    config_version: string;
  };
  audit_rows: {
    organization_id: string;
    seq: string;
    audit_id: string;
    created_at: Date;
    actor_type: string;
    actor_id: string | null;
    action: string;
    target_type: string;
    target_id: string | null;
    outcome: 'allowed' | 'denied' | 'failed';
    reason: string | null;
    request_id: string | null;
    changes: unknown;
    hash: Buffer;
  };
  call_starts: {
    organization_id: string;
    call_id: string;
    started_at: Date;
    deadline_at: Date;
    tool: string;
    tool_id: string | null;
    connection_id: string | null;
    pack_id: string | null;
    principal_type: string;
    principal_id: string;
    registered_user_id: string | null;
    ran_as: string | null;
    protocol: string;
    trace_id: string;
    replica_id: string;
    approval_id: string | null;
  };
  call_ends: {
    organization_id: string;
    call_id: string;
    ended_at: Date;
    outcome: 'ok' | 'failed' | 'denied' | 'unknown' | 'cancelled';
    reason: string | null;
    gateway_us: number;
    upstream_us: number;
    bytes_raw: number | null;
    bytes_served: number | null;
    view: Buffer | null;
    key_version: number | null;
  };
  request_log: {
    organization_id: string;
    request_id: string;
    created_at: Date;
    key_id: string;
    method: string;
    path: string;
    status: number;
    duration_us: number;
  };
  events: {
    organization_id: string;
    event_id: string;
    type: string;
    data: unknown;
    created_at: Date;
    taken_at: Date | null;
  };
};

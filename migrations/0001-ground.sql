-- The ground: every table leads with organization_id, foreign keys are composite, row-level security keeps
-- one organization's rows from another even where a query forgets to ask. See docs/storage.md.

do $$
begin
  if not exists (select from pg_roles where rolname = 'toolcrib_app') then
    create role toolcrib_app nologin;
  end if;
exception when duplicate_object or unique_violation then
  null; -- another database of the same cluster made it at the same moment
end $$;

do $$
begin
  execute format('grant toolcrib_app to %I', current_user);
exception when others then
  null; -- a superuser needs no grant
end $$;

-- What row-level security compares with: set for each transaction, empty outside of one.
create function toolcrib_organization() returns uuid language sql stable parallel safe as
$$ select nullif(current_setting('toolcrib.organization_id', true), '')::uuid $$;

create table organizations (
  organization_id uuid primary key,
  slug text not null unique,
  name text not null,
  callback_urls jsonb not null default '[]',
  is_operator boolean not null default false,
  created_at timestamptz not null
);

-- One row an organization: the head of its audit chain and the version of its configuration.
create table organization_heads (
  organization_id uuid primary key references organizations on delete cascade,
  audit_seq bigint not null default 0,
  audit_hash bytea not null,
  config_version bigint not null default 0
);

create table workspaces (
  organization_id uuid not null references organizations on delete cascade,
  workspace_id uuid not null,
  slug text not null,
  name text not null,
  created_at timestamptz not null,
  primary key (organization_id, workspace_id),
  unique (organization_id, slug)
);

create table companies (
  organization_id uuid not null references organizations on delete cascade,
  company_id uuid not null,
  origin_company_id text not null,
  origin_company_name text,
  created_at timestamptz not null,
  primary key (organization_id, company_id),
  unique (organization_id, origin_company_id)
);

create table registered_users (
  organization_id uuid not null references organizations on delete cascade,
  user_id uuid not null,
  origin_user_id text not null,
  origin_user_name text not null,
  user_type text not null check (user_type in ('HUMAN', 'SYSTEM')),
  company_id uuid,
  custom_groupings jsonb,
  is_test boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, user_id),
  unique (organization_id, origin_user_id),
  foreign key (organization_id, company_id) references companies (organization_id, company_id)
);

create table keys (
  organization_id uuid not null references organizations on delete cascade,
  key_id uuid not null,
  kind text not null check (kind in ('admin', 'access')),
  name text not null,
  hash bytea not null unique,
  hint text not null,
  scopes text[] not null,
  pack_ids uuid[],
  user_ids uuid[],
  workspace_ids uuid[],
  parent_id uuid,
  rate_per_minute integer,
  rate_per_hour integer,
  is_test boolean not null default false,
  expires_at timestamptz,
  revoked_at timestamptz,
  created_at timestamptz not null,
  primary key (organization_id, key_id),
  foreign key (organization_id, parent_id) references keys (organization_id, key_id)
);
create index keys_newest on keys (organization_id, created_at desc, key_id desc);

create table organization_keys (
  organization_id uuid not null references organizations on delete cascade,
  version integer not null,
  wrapped bytea not null,
  created_at timestamptz not null,
  primary key (organization_id, version)
);

create table secrets (
  organization_id uuid not null references organizations on delete cascade,
  secret_id uuid not null,
  key_version integer not null,
  ciphertext bytea not null,
  created_at timestamptz not null,
  primary key (organization_id, secret_id),
  foreign key (organization_id, key_version) references organization_keys (organization_id, version)
);

-- The organization's own catalog entries: imported documents and released connector files.
create table connectors (
  organization_id uuid not null references organizations on delete cascade,
  slug text not null,
  version integer not null,
  connector_id uuid not null,
  file json not null,
  hash text not null,
  created_at timestamptz not null,
  primary key (organization_id, slug, version)
);

create table connections (
  organization_id uuid not null references organizations on delete cascade,
  connection_id uuid not null,
  workspace_id uuid not null,
  kind text not null check (kind in ('catalog', 'openapi', 'mcp', 'stdio')),
  connector_slug text not null,
  connector_version integer,
  nickname text not null,
  nickname_slug text not null,
  address text not null,
  config jsonb not null default '{}',
  auth jsonb not null,
  local_origin text,
  sealed_secret_id uuid,
  status text not null check (status in ('pending', 'connected', 'token_expired', 'auth_failed')),
  status_reason text,
  tools_status text not null check (tools_status in ('pending', 'synced', 'error')),
  tools_synced_at timestamptz,
  new_tools_off boolean not null default false,
  is_active boolean not null default true,
  is_sample boolean not null default false,
  metadata jsonb not null default '{}',
  connected_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, connection_id),
  unique (organization_id, nickname_slug),
  foreign key (organization_id, workspace_id) references workspaces (organization_id, workspace_id),
  foreign key (organization_id, sealed_secret_id) references secrets (organization_id, secret_id)
);
create index connections_newest on connections (organization_id, created_at desc, connection_id desc);
-- A catalog connector's default connection is made once, however many ask at the same moment.
create unique index connections_default on connections (organization_id, connector_slug)
  where (metadata ->> 'default') = 'true';

create table credentials (
  organization_id uuid not null references organizations on delete cascade,
  credential_id uuid not null,
  connection_id uuid not null,
  owner_type text not null check (owner_type in ('organization', 'company', 'user')),
  owner_id uuid not null,
  origin text not null,
  method jsonb not null,
  fields jsonb not null, -- field name to secret id
  created_at timestamptz not null,
  primary key (organization_id, credential_id),
  unique (organization_id, connection_id, owner_type, owner_id),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
);

create table tools (
  organization_id uuid not null references organizations on delete cascade,
  tool_id uuid not null,
  connection_id uuid not null,
  tool_path text not null,
  name text not null,
  slug text not null,
  definition json not null, -- json, not jsonb: the order of a schema's properties is what a model reads
  learned_schema json,
  is_enabled boolean not null,
  title text,
  description text,
  inputs jsonb,
  response_map jsonb,
  last_seen_at timestamptz not null,
  vanished_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  position integer not null,
  primary key (organization_id, tool_id),
  unique (organization_id, slug),
  unique (organization_id, connection_id, tool_path),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
);
create index tools_of_connection on tools (organization_id, connection_id, position);

create table packs (
  organization_id uuid not null references organizations on delete cascade,
  pack_id uuid not null,
  slug text not null,
  name text not null,
  description text not null default '',
  names text not null default 'prefixed' check (names in ('prefixed', 'plain')),
  approve_by text not null default 'client' check (approve_by in ('client', 'member')),
  mode text not null default 'list' check (mode in ('list', 'search')),
  favourites jsonb not null default '[]',
  is_sample boolean not null default false,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, pack_id),
  unique (organization_id, slug)
);
create index packs_newest on packs (organization_id, created_at desc, pack_id desc);

create table pack_entries (
  organization_id uuid not null,
  pack_id uuid not null,
  connection_id uuid not null,
  position integer not null,
  auth_scope text not null check (auth_scope in ('INDIVIDUAL', 'SHARED', 'ORGANIZATION')),
  tools jsonb, -- null: all; else exactly these names
  overrides jsonb not null default '{}', -- tool name to pack curation
  primary key (organization_id, pack_id, connection_id),
  foreign key (organization_id, pack_id) references packs (organization_id, pack_id) on delete cascade,
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
);

create table idempotency (
  organization_id uuid not null references organizations on delete cascade,
  key_id uuid not null,
  idempotency_key text not null,
  request_hash bytea not null,
  status integer,
  content_type text,
  response bytea, -- sealed
  key_version integer,
  created_at timestamptz not null,
  primary key (organization_id, key_id, idempotency_key)
);

-- The journal: append-only for the application's role.
create table audit_rows (
  organization_id uuid not null,
  seq bigint not null,
  audit_id uuid not null,
  created_at timestamptz not null,
  actor_type text not null,
  actor_id text,
  action text not null,
  target_type text not null,
  target_id text,
  outcome text not null check (outcome in ('allowed', 'denied', 'failed')),
  reason text,
  request_id text,
  changes jsonb,
  hash bytea not null,
  primary key (organization_id, seq)
);
create index audit_rows_newest on audit_rows (organization_id, created_at desc, audit_id desc);

create table call_starts (
  organization_id uuid not null,
  call_id uuid not null,
  started_at timestamptz not null,
  deadline_at timestamptz not null,
  tool text not null,
  tool_id uuid,
  connection_id uuid,
  pack_id uuid,
  principal_type text not null,
  principal_id uuid not null,
  registered_user_id uuid,
  ran_as text,
  protocol text not null,
  trace_id text not null,
  replica_id uuid not null,
  primary key (organization_id, call_id)
);
create index call_starts_newest on call_starts (organization_id, started_at desc, call_id desc);
create index call_starts_of_connection on call_starts (organization_id, connection_id, started_at desc);

create table call_ends (
  organization_id uuid not null,
  call_id uuid not null,
  ended_at timestamptz not null,
  outcome text not null check (outcome in ('ok', 'failed', 'denied', 'unknown', 'cancelled')),
  reason text,
  gateway_us integer not null,
  upstream_us integer not null,
  bytes_raw integer,
  bytes_served integer,
  view bytea, -- the agent's view, sealed by the caller and cut
  key_version integer,
  primary key (organization_id, call_id)
);

create table request_log (
  organization_id uuid not null,
  request_id uuid not null,
  created_at timestamptz not null,
  key_id uuid not null,
  method text not null,
  path text not null,
  status integer not null,
  duration_us integer not null,
  primary key (organization_id, request_id)
);
create index request_log_newest on request_log (organization_id, created_at desc, request_id desc);

-- Older MCP revisions have sessions. Their ids are signed, so a live one needs no row; an ended one does.
create table ended_sessions (
  organization_id uuid not null references organizations on delete cascade,
  session_hash bytea not null,
  ended_at timestamptz not null,
  primary key (organization_id, session_hash)
);

-- One row: the sealed value every replica derives its signing keys from (cursors, session ids).
create table installation (
  only_one boolean primary key default true check (only_one),
  organization_id uuid not null,
  secret_id uuid not null,
  foreign key (organization_id, secret_id) references secrets (organization_id, secret_id)
);

-- Rights of the role that serves requests, and row-level security. Rows of an organization are seen in its
-- transactions alone; 'system' is for the look-ups that come before the organization is known.
grant usage on schema public to toolcrib_app;
grant select, insert, update, delete on all tables in schema public to toolcrib_app;
revoke update, delete, truncate on audit_rows, call_starts, call_ends from toolcrib_app;

do $$
declare name text;
begin
  foreach name in array array['organizations', 'organization_heads', 'workspaces', 'companies', 'registered_users',
    'keys', 'organization_keys', 'secrets', 'connectors', 'connections', 'credentials', 'tools', 'packs',
    'pack_entries', 'idempotency', 'audit_rows', 'request_log', 'ended_sessions', 'installation']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_rows on %I using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
  -- Call rows arrive in batches of many organizations: anybody's may be inserted, only one's own read.
  foreach name in array array['call_starts', 'call_ends']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy any_insert on %I for insert with check (true)', name);
    execute format('create policy own_rows on %I for select using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
end $$;

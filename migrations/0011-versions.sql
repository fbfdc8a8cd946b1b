-- Versions: what was accepted beside what the service said last, the versions a connection has been on, what a team
-- configures a connection with, secrets kept by themselves, and the arguments that changes are tried on.

alter table tools
  -- Who says what the tool is: the service, or the connection's author, whom no listing moves.
  add column source text not null default 'service' check (source in ('service', 'author')),
  -- What the service said last where that is not what was accepted; json for the same reason as definition.
  add column newest json,
  -- Null: new since the first listing, and nobody has said yes to it.
  add column accepted_at timestamptz,
  add column held_since timestamptz,
  -- Defaults beneath the rules in `inputs`: a rule of the same field that says a mode wins.
  add column default_inputs jsonb,
  -- Parameters the connection's author adds to what the service declares.
  add column extra_parameters jsonb not null default '[]',
  add column keeps_arguments boolean not null default true;
update tools set accepted_at = created_at;

alter table connections
  add column namespace_id text not null default 'default',
  add column created_by text,
  add column drift_policy text not null default 'hold'
    check (drift_policy in ('hold', 'accept_text', 'accept_compatible', 'follow')),
  add column action_filter jsonb, -- null: all; else exactly these names
  add column description_override text,
  add column custom_actions jsonb not null default '[]', -- as their author wrote them
  add column written_rules jsonb not null default '{}', -- input rules in the words they were written in, where a contract has several
  add column sync_due_at timestamptz;
update connections set connector_version = 1 where connector_version is null;
update connections set sync_due_at = now() where kind in ('mcp', 'stdio')
  or (kind = 'openapi' and metadata ? 'document_url');
create index connections_sync_due on connections (sync_due_at) where sync_due_at is not null;
create index connections_of_workspace on connections (organization_id, workspace_id, created_at desc, connection_id desc);

-- The versions a connection has been on: the only ones it may be rolled back to. `definitions` where it has versions
-- of its own (each accepted listing); null where they are the connector's.
create table connection_versions (
  organization_id uuid not null references organizations on delete cascade,
  connection_id uuid not null,
  version integer not null,
  definitions json,
  changelog text not null default '',
  created_at timestamptz not null,
  primary key (organization_id, connection_id, version),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
    on delete cascade
);

-- Every version of a connector that was ever shipped, so that a newer program still has the older ones.
create table shipped_connectors (
  slug text not null,
  version integer not null,
  file json not null,
  hash text not null,
  released_at timestamptz not null,
  primary key (slug, version)
);

-- Secrets by themselves: what credential references point at. The value is in `secrets`; what refers to it seals a
-- copy of its own, bound to its place.
create table vault_secrets (
  organization_id uuid not null references organizations on delete cascade,
  vault_id uuid not null,
  workspace_id uuid, -- null: usable in all
  name text not null,
  secret_id uuid not null,
  created_by text,
  created_at timestamptz not null,
  primary key (organization_id, vault_id),
  foreign key (organization_id, workspace_id) references workspaces (organization_id, workspace_id),
  foreign key (organization_id, secret_id) references secrets (organization_id, secret_id)
);
create index vault_secrets_newest on vault_secrets (organization_id, created_at desc, vault_id desc);

alter table credentials add column refs jsonb not null default '{}'; -- field name to the vault secret it was taken from
alter table oauth_clients
  add column secret_vault_id uuid,
  add column callback_url text,
  add column scopes_override text[];

-- Arguments of calls as agents sent them, sealed, for a few days: what changes are tried on before they are made.
create table call_arguments (
  organization_id uuid not null references organizations on delete cascade,
  call_id uuid not null,
  connection_id uuid not null,
  tool_id uuid not null,
  pack_id uuid,
  outcome text not null,
  kept_at timestamptz not null,
  arguments bytea not null,
  key_version integer not null,
  primary key (organization_id, call_id)
);
create index call_arguments_of_connection on call_arguments (organization_id, connection_id, kept_at desc);
create index call_arguments_age on call_arguments (kept_at);

grant select, insert, update, delete on connection_versions, vault_secrets to toolcrib_app;
grant select, insert on shipped_connectors to toolcrib_app;
grant select, insert, delete on call_arguments to toolcrib_app;

do $$
declare name text;
begin
  foreach name in array array['connection_versions', 'vault_secrets']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_rows on %I using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
  -- Written in batches of many organizations, as calls are; an organization's own are read and forgotten.
  alter table call_arguments enable row level security;
  alter table call_arguments force row level security;
  create policy any_insert on call_arguments for insert with check (true);
  create policy own_rows on call_arguments for select using (organization_id = toolcrib_organization()
    or current_setting('toolcrib.scope', true) = 'system');
  create policy own_deletes on call_arguments for delete using (organization_id = toolcrib_organization()
    or current_setting('toolcrib.scope', true) = 'system');
end $$;

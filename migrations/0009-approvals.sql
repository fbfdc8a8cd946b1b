-- Calls that wait for a yes, and how many calls a turn has made.

-- When a call asks a person first: true, false, or conditions on its arguments; null: as one further out says.
alter table tools
  add column requires_confirmation json,
  add column max_calls_per_turn integer check (max_calls_per_turn > 0);
alter table connections
  add column requires_confirmation boolean,
  add column max_calls_per_turn integer check (max_calls_per_turn > 0);
alter table call_starts add column approval_id uuid;

-- One question to a person and its answer. What was asked never changes; the hashes are keyed, so that nobody who
-- reads them can try arguments out. `call_hash` is the exact call, `scope_hash` the same with any arguments.
create table approvals (
  organization_id uuid not null references organizations on delete cascade,
  approval_id uuid not null,
  principal_type text not null,
  principal_id uuid not null,
  tool_id uuid not null,
  connection_id uuid not null,
  workspace_id uuid not null,
  pack_id uuid not null,
  user_id uuid,
  tool text not null,
  ran_as text not null,
  credential_id uuid,
  protocol text not null,
  call_hash bytea not null,
  scope_hash bytea not null,
  arguments bytea not null, -- sealed: what a person is shown
  key_version integer not null,
  turn_id uuid not null, -- the turn it was asked in; once used, the one it was used in
  status text not null default 'pending' check (status in ('pending', 'approved', 'denied', 'expired', 'void')),
  lasts text not null default 'once' check (lasts in ('once', 'turn', 'hour')),
  via text check (via in ('client', 'member')),
  decided_by_type text,
  decided_by_id uuid,
  decided_at timestamptz,
  memo text,
  told_at timestamptz, -- a denial is told once
  used_at timestamptz,
  uses integer not null default 0,
  call_id uuid, -- the last call it let through
  requested_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (organization_id, approval_id),
  check ((decided_at is null) = (via is null))
);
create unique index approvals_open on approvals (organization_id, principal_id, call_hash) where status = 'pending';
create index approvals_of_call on approvals (organization_id, principal_id, scope_hash);
create index approvals_newest on approvals (organization_id, requested_at desc, approval_id desc);
create index approvals_age on approvals (requested_at);

-- The turn a key is in at a connection: one row for each name it was given, and one (an empty name) for turns
-- without. A turn without a name that is over gets a new id. The row is what calls of one turn take turns at.
create table turns (
  organization_id uuid not null references organizations on delete cascade,
  principal_id uuid not null,
  connection_id uuid not null,
  name_hash bytea not null,
  turn_id uuid not null,
  last_call_at timestamptz not null,
  primary key (organization_id, principal_id, connection_id, name_hash)
);
create index turns_age on turns (last_call_at);

-- How many calls a turn has handed to the service, for each limit: of a tool, or of the whole connection.
create table turn_counts (
  organization_id uuid not null references organizations on delete cascade,
  turn_id uuid not null,
  counted_id uuid not null,
  calls integer not null,
  primary key (organization_id, turn_id, counted_id)
);

grant select, insert, update, delete on approvals, turns, turn_counts to toolcrib_app;

do $$
declare name text;
begin
  foreach name in array array['approvals', 'turns', 'turn_counts']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_rows on %I using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
end $$;

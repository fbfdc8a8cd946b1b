-- Agents: a key with a pack of its own. All three have the same id, so that a call's principal, the key and the
-- agent are one name for one thing.

alter table keys drop constraint keys_kind_check;
alter table keys add constraint keys_kind_check check (kind in ('admin', 'access', 'agent'));

create table agents (
  organization_id uuid not null references organizations on delete cascade,
  agent_id uuid not null,
  handle text not null,
  name text not null,
  description text,
  is_active boolean not null,
  is_held boolean not null default false, -- deactivated by a connection's failure, not by a person
  deactivated_reason text,
  deactivated_at timestamptz,
  on_connector_failure text not null check (on_connector_failure in ('deactivate', 'hide_tools')),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, agent_id),
  check (not is_active or (not is_held and deactivated_reason is null and deactivated_at is null)),
  foreign key (organization_id, agent_id) references keys (organization_id, key_id)
);
create unique index agents_handle on agents (organization_id, lower(handle));
create index agents_newest on agents (organization_id, created_at desc, agent_id desc);

-- Set on an agent's own pack, which no list of packs shows and which goes with its agent.
alter table packs
  add column agent_id uuid check (agent_id = pack_id),
  add foreign key (organization_id, agent_id) references agents (organization_id, agent_id) on delete cascade;
create index pack_entries_of_connection on pack_entries (organization_id, connection_id);

grant select, insert, update, delete on agents to toolcrib_app;
alter table agents enable row level security;
alter table agents force row level security;
create policy own_rows on agents using (organization_id = toolcrib_organization()
  or current_setting('toolcrib.scope', true) = 'system');

-- Tokens on their way out: in no credential any more, and kept sealed until the service has been asked to revoke
-- them. The row is written with the change that let them go; whoever committed it asks at once, and the sweep asks
-- for what a crash has left behind.
create table revocations (
  organization_id uuid not null references organizations on delete cascade,
  revocation_id uuid not null,
  connection_id uuid not null, -- may be gone by now
  tokens jsonb not null, -- of each: owner, field name to secret id, server and client; nothing secret
  secret_ids uuid[] not null, -- shredded with the row
  local_origin text,
  due_at timestamptz not null, -- when the sweep takes it
  created_at timestamptz not null,
  primary key (organization_id, revocation_id)
);
create index revocations_due on revocations (due_at);
create index links_expiry on links (expires_at);
create index oauth_clients_of_connection on oauth_clients (organization_id, connection_id)
  where connection_id is not null;

grant select, insert, update, delete on revocations to toolcrib_app;
alter table revocations enable row level security;
alter table revocations force row level security;
create policy own_rows on revocations using (organization_id = toolcrib_organization()
  or current_setting('toolcrib.scope', true) = 'system');

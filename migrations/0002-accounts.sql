-- Accounts: what a credential knows of itself, the OAuth clients it was had with, and the ways in which people
-- connect one.

-- `version` moves with every refresh; a new authorization is a new row. Whoever changes a credential compares
-- both, so a late failure of an old token cannot fail a newer one.
alter table credentials
  add column version integer not null default 1,
  add column status text not null default 'connected'
    check (status in ('connected', 'token_expired', 'auth_failed')),
  add column status_reason text,
  add column expires_at timestamptz,
  add column refresh_due_at timestamptz, -- null: nothing to refresh with, or no reason to
  add column scopes text[],
  add column identity jsonb, -- whose account it is at the service: {id, label}
  add column oauth jsonb, -- server and client the tokens are refreshed and revoked at; nothing secret
  add column failures integer not null default 0,
  add column retry_at timestamptz,
  add column refreshed_at timestamptz;
create index credentials_due on credentials (refresh_due_at) where refresh_due_at is not null;

-- One refresh at a time over all replicas: the open row is the lease. It is committed before the request, so
-- that a crash between the reply and the commit leaves a row that says so.
create table refresh_attempts (
  organization_id uuid not null,
  attempt_id uuid not null,
  credential_id uuid not null,
  version integer not null,
  replica_id uuid not null,
  started_at timestamptz not null,
  lease_until timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('refreshed', 'terminal', 'passing', 'lost', 'overtaken')),
  reason text,
  primary key (organization_id, attempt_id),
  foreign key (organization_id, credential_id) references credentials (organization_id, credential_id)
    on delete cascade
);
create unique index refresh_attempts_open on refresh_attempts (organization_id, credential_id)
  where ended_at is null;

-- What we are at an authorization server: the organization's own app for a connector, or one for one connection.
create table oauth_clients (
  organization_id uuid not null references organizations on delete cascade,
  oauth_client_id uuid not null,
  connector_slug text,
  connection_id uuid,
  registration text not null check (registration in ('given', 'metadata_document', 'dynamic')),
  issuer text,
  client_id text not null,
  secret_id uuid,
  client_auth text not null check (client_auth in ('client_secret_basic', 'client_secret_post', 'none')),
  redirect_uri text not null,
  external_id text,
  expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, oauth_client_id),
  check ((connector_slug is null) <> (connection_id is null)),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
    on delete cascade,
  foreign key (organization_id, secret_id) references secrets (organization_id, secret_id)
);
create unique index oauth_clients_of_connector on oauth_clients (organization_id, connector_slug, coalesce(external_id, ''))
  where connector_slug is not null;

-- A link a person opens to connect an account: single use, bound to the first browser that opens it.
create table links (
  organization_id uuid not null references organizations on delete cascade,
  link_id uuid not null,
  token_hash bytea not null unique,
  connection_id uuid not null,
  owner_type text not null check (owner_type in ('organization', 'company', 'user')),
  owner_id uuid not null,
  user_id uuid,
  pack_id uuid,
  auth_scope text check (auth_scope in ('INDIVIDUAL', 'SHARED', 'ORGANIZATION')),
  callback_url text,
  state text,
  created_by_type text not null,
  created_by_id uuid not null,
  browser_hash bytea,
  opened_at timestamptz,
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null,
  primary key (organization_id, link_id),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
    on delete cascade
);

-- One way to the service and back: the OAuth `state`, and what came back until the person has said yes to it.
create table authorizations (
  organization_id uuid not null,
  authorization_id uuid not null,
  link_id uuid not null,
  state_hash bytea not null unique,
  browser_hash bytea not null,
  verifier_secret_id uuid,
  request jsonb not null, -- server, client, redirect address, scopes: nothing secret
  fields jsonb, -- field name to secret id: had, not yet confirmed
  grant_facts jsonb, -- expiry and scopes of what was had
  identity jsonb,
  expires_at timestamptz not null,
  returned_at timestamptz,
  created_at timestamptz not null,
  primary key (organization_id, authorization_id),
  foreign key (organization_id, link_id) references links (organization_id, link_id) on delete cascade,
  foreign key (organization_id, verifier_secret_id) references secrets (organization_id, secret_id)
);

grant select, insert, update, delete on refresh_attempts, oauth_clients, links, authorizations to toolcrib_app;

do $$
declare name text;
begin
  foreach name in array array['refresh_attempts', 'oauth_clients', 'links', 'authorizations']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_rows on %I using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
end $$;

-- Keys: which master key wraps an organization's, master keys that are wrapped by a key service, and a rotation
-- that is under way.

-- Tells master keys apart and nothing about them; null on rows from before this was noted.
alter table organization_keys add column master_key text;

-- Resealing walks by it, and a version may go only when nothing is sealed with it.
create index secrets_of_version on secrets (organization_id, key_version, secret_id);

-- A master key that AWS KMS or HashiCorp Vault wraps: had once, at a start. One row an address of such a key.
create table master_keys (
  master_key_id uuid primary key,
  wrapped_by text not null unique,
  wrapped bytea not null,
  created_at timestamptz not null
);

-- Null: no rotation is under way. A second run goes on with the one that began then.
alter table installation add column rotating_since timestamptz;

grant select, insert, update, delete on master_keys to toolcrib_app;
alter table master_keys enable row level security;
alter table master_keys force row level security;
-- No organization's: for the system's transactions alone.
create policy system_alone on master_keys using (current_setting('toolcrib.scope', true) = 'system');

-- How many calls of a connection have reached its service: counted now and then from the rows of its calls, so that a
-- reading counts only what came since, and no call writes anything more for it.
create table connection_usage (
  organization_id uuid not null,
  connection_id uuid not null,
  calls bigint not null,
  last_used_at timestamptz, -- null: none has reached it
  counted_from timestamptz not null, -- where the last counting began: another that began there counts the same
  counted_until timestamptz not null, -- every call that started before has ended and is counted
  primary key (organization_id, connection_id),
  foreign key (organization_id, connection_id) references connections (organization_id, connection_id)
    on delete cascade
);

grant select, insert, update, delete on connection_usage to toolcrib_app;

alter table connection_usage enable row level security;
alter table connection_usage force row level security;
create policy own_rows on connection_usage using (organization_id = toolcrib_organization()
  or current_setting('toolcrib.scope', true) = 'system');

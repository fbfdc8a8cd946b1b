-- Webhooks: the events that happened, who wants to hear of them, and what became of telling them.

-- The outbox: written in the transaction of the change it tells of. What an event says never changes; only that it
-- was taken up is added.
create table events (
  organization_id uuid not null references organizations on delete cascade,
  event_id uuid not null,
  type text not null,
  data json not null, -- json, not jsonb: the order of the fields is kept
  created_at timestamptz not null,
  taken_at timestamptz,
  primary key (organization_id, event_id)
);
create index events_untaken on events (created_at) where taken_at is null;
create index events_age on events (created_at);

create table webhooks (
  organization_id uuid not null references organizations on delete cascade,
  webhook_id uuid not null,
  address text not null, -- without its query
  query_names text[] not null,
  sealed_secret_id uuid, -- the values of the query
  description text not null,
  events text[] not null,
  is_active boolean not null default true,
  disabled_reason text,
  disabled_at timestamptz,
  secret_id uuid not null, -- what deliveries are signed with
  previous_secret_id uuid,
  previous_until timestamptz, -- until then they are signed with the one before as well
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (organization_id, webhook_id),
  check ((previous_secret_id is null) = (previous_until is null)),
  foreign key (organization_id, sealed_secret_id) references secrets (organization_id, secret_id),
  foreign key (organization_id, secret_id) references secrets (organization_id, secret_id),
  foreign key (organization_id, previous_secret_id) references secrets (organization_id, secret_id)
);
create index webhooks_newest on webhooks (organization_id, created_at desc, webhook_id desc);
create index webhooks_rotated on webhooks (previous_until) where previous_until is not null;

-- One row for each event and webhook, and so the queue itself. Whoever tries one moves `attempts` and `due_at`
-- first: until then nobody else tries it, and the result counts only while `attempts` is still the same.
create table deliveries (
  organization_id uuid not null,
  delivery_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  status text not null check (status in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  due_at timestamptz not null,
  give_up_at timestamptz not null,
  last_attempt_at timestamptz,
  response_status integer,
  reason text,
  ended_at timestamptz,
  created_at timestamptz not null,
  primary key (organization_id, delivery_id),
  unique (organization_id, event_id, webhook_id),
  foreign key (organization_id, webhook_id) references webhooks (organization_id, webhook_id) on delete cascade,
  foreign key (organization_id, event_id) references events (organization_id, event_id) on delete cascade
);
create index deliveries_newest on deliveries (organization_id, webhook_id, created_at desc, delivery_id desc);
create index deliveries_pending on deliveries (organization_id, webhook_id, due_at) where status = 'pending';

-- Whether anybody wants to hear of such events. Asked by batches that hold rows of many organizations, and that may
-- therefore read none.
create function toolcrib_wants(organization uuid, event_type text) returns boolean
language sql stable set toolcrib.scope = 'system' as
$$ select exists (select from webhooks
     where organization_id = organization and is_active and event_type = any (events)) $$;

grant select, insert, delete on events to toolcrib_app;
grant update (taken_at) on events to toolcrib_app;
grant select, insert, update, delete on webhooks, deliveries to toolcrib_app;

do $$
declare name text;
begin
  foreach name in array array['events', 'webhooks', 'deliveries']
  loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy own_rows on %I using (organization_id = toolcrib_organization()
      or current_setting(''toolcrib.scope'', true) = ''system'')', name);
  end loop;
end $$;
-- Refused calls are told of in the batch that ends them, which holds rows of many organizations.
create policy any_insert on events for insert with check (true);

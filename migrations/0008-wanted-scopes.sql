-- Step-up: what an account is asked for the next time somebody connects it, because its service has asked for more
-- than it was granted; and how often that has happened since it last got what it was asked for.
alter table credentials
  add column wanted_scopes text[],
  add column step_ups integer not null default 0;

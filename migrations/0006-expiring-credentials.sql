-- Tokens that run out with nothing to refresh them with are found by the sweep that marks them so.
create index credentials_expiring on credentials (expires_at)
  where refresh_due_at is null and expires_at is not null and status = 'connected';

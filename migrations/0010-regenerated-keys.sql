-- Which keys have given a key a new text: who made a text holds it, and decides with it what it could not decide itself.
alter table keys add column regenerated_by uuid[] not null default '{}';

-- json, not jsonb: what an author wrote is read back in its order, and the order of parameters is what a model reads.
alter table connections
  alter column custom_actions drop default,
  alter column custom_actions type json using custom_actions::json,
  alter column custom_actions set default '[]',
  alter column written_rules drop default,
  alter column written_rules type json using written_rules::json,
  alter column written_rules set default '{}';
alter table tools
  alter column extra_parameters drop default,
  alter column extra_parameters type json using extra_parameters::json,
  alter column extra_parameters set default '[]';

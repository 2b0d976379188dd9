-- Note which revision each stored sequence has here: inputs of jobs name it.
insert into pg_temp.moved (table_name, old_id, new_id)
select
    'sequences.revision' as table_name,
    archived.revision,
    sequences.revision as new_id
from pg_temp.archived_sequences as archived
inner join pg_temp.moved as moved on moved.table_name = 'sequences' and archived.id = moved.old_id
inner join aspen.sequences as sequences on moved.new_id = sequences.id
on conflict do nothing;

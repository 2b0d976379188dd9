create or replace function internal.part_key(folder text, number integer)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select part_key.folder || 'part-' || lpad(part_key.number::text, 5, '0');
$$;

comment on function internal.part_key(text, integer) is 'The key of a part of an upload, from 1';

revoke all on function internal.part_key(text, integer) from public;
grant execute on function internal.part_key(text, integer) to api_writer, results_keeper;

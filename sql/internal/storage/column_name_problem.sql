create or replace function internal.column_name_problem(name text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select 'must be the name of a column: 1 to 100 characters without control characters'
    where
        coalesce(char_length(column_name_problem.name), 0) not between 1 and 100
        or column_name_problem.name ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]';
$$;

comment on function internal.column_name_problem(text) is
'What is wrong with the name of a column of a file; null if nothing';

revoke all on function internal.column_name_problem(text) from public;
grant execute on function internal.column_name_problem(text) to api_writer;

-- Says in words what internal.are_names checks. Without a `set` clause, so that it is inlined: it
-- runs for every row of a batch.
create or replace function internal.names_problem(names text[])
returns text
language sql
stable
security invoker
begin atomic
    select
        case
            when internal.are_names(names_problem.names) then null
            when length(array_to_string(names_problem.names, E'\n')) > 20000
                then 'must have at most 20000 characters'
            when array_ndims(names_problem.names) <> 1 or cardinality(names_problem.names) > 1000
                then 'must be an array of at most 1000 names'
            when array_to_string(names_problem.names, E'\n') ~ '(?n)^.{251}'
                then 'must have at most 250 characters each'
            when names_problem.names is not null
                then
                    'must be names on one line each, without null, invisible characters, spaces '
                    || 'around them, or =, +, - or @ at the beginning'
        end;
end;

comment on function internal.names_problem(text[]) is
$$What is wrong with a list of names, in words, or null

Null for null too.$$;

revoke all on function internal.names_problem(text[]) from public;
grant execute on function internal.names_problem(text[]) to api_writer;

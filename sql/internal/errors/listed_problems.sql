create or replace function internal.listed_problems(problems json, total bigint)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select case
        when total > json_array_length(problems)
            then left(problems::text, -1) || ', ' || json_build_object(
                'reason', total - json_array_length(problems) || ' more problems are not listed',
                'more', total - json_array_length(problems)
            ) || ']'
        else problems::text
    end;
$$;

comment on function internal.listed_problems(json, bigint) is
$$The details of an error that names problems

problems: the first ones; total: how many there are. A last entry counts those left out.$$;

revoke all on function internal.listed_problems(json, bigint) from public;
grant execute on function internal.listed_problems(json, bigint) to api_writer;

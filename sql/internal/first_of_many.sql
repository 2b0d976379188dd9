create or replace function internal.first_of_many(items json)
returns text
language sql
immutable
strict
security invoker
set search_path = ''
as $$
    select json_agg(listed.item order by listed.ordinality)::text
    from (
        select entries.item, entries.ordinality
        from json_array_elements(items) with ordinality as entries(item, ordinality)
        where entries.ordinality <= 200
        union all
        select json_build_object('not_listed', json_array_length(items) - 200), 201
        where json_array_length(items) > 200
    ) as listed;
$$;

comment on function internal.first_of_many(json) is
$$The details of a refusal that has many of them

The first 200 items; if there are more, {"not_listed": how many} comes last.$$;

revoke all on function internal.first_of_many(json) from public;
grant execute on function internal.first_of_many(json) to api_writer;

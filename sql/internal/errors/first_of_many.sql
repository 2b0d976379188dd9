create or replace function internal.first_of_many(items json)
returns text
language sql
immutable
strict
security invoker
set search_path = ''
as $$
    select internal.listed_problems(
        (
            select json_agg(entries.item order by entries.ordinality)
            from json_array_elements(items) with ordinality as entries(item, ordinality)
            where entries.ordinality <= 200
        ),
        json_array_length(items)
    );
$$;

comment on function internal.first_of_many(json) is $$The details of an error with many items

Returns the first 200 items; if there are more, a last entry counts the others.$$;

revoke all on function internal.first_of_many(json) from public;
grant execute on function internal.first_of_many(json) to api_writer;

create or replace function internal.usual_template_args(template_args jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    if jsonb_typeof(template_args) is distinct from 'object' then
        return template_args;
    end if;
    return (
        select coalesce(jsonb_object_agg(usual.key, usual.value), '{}')
        from (
            select filters.key, case
                when filters.key = 'location_id' and jsonb_typeof(filters.value) = 'string'
                    then coalesce(
                        to_jsonb(internal.parse_integer(internal.trimmed(filters.value #>> '{}'))),
                        to_jsonb(internal.trimmed(filters.value #>> '{}'))
                    )
                when jsonb_typeof(filters.value) = 'string'
                    then to_jsonb(internal.trimmed(filters.value #>> '{}'))
                when jsonb_typeof(filters.value) = 'array' then (
                    select jsonb_agg(case jsonb_typeof(listed.item)
                        when 'string'
                            then to_jsonb(coalesce(internal.trimmed(listed.item #>> '{}'), ''))
                        else listed.item
                    end order by listed.place)
                    from jsonb_array_elements(filters.value) with ordinality
                        as listed(item, place)
                )
                else filters.value
            end as value
            from jsonb_each(jsonb_strip_nulls(template_args)) as filters
        ) as usual
        where usual.value is not null
    );
end
$$;

comment on function internal.usual_template_args(jsonb) is
$$The filters of a phylo run in the form in which they are stored

Removes white space around texts and filters without a value; location_id becomes a number.$$;

revoke all on function internal.usual_template_args(jsonb) from public;
grant execute on function internal.usual_template_args(jsonb) to api_writer;

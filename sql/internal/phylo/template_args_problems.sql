create or replace function internal.template_args_problems(template_args jsonb)
returns table (field text, value text, reason text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    if jsonb_typeof(template_args) is distinct from 'object' then
        return query select 'template_args', template_args::text, 'must be an object';
        return;
    end if;
    return query
    select checked.*
    from jsonb_each(jsonb_strip_nulls(template_args)) as entries
    cross join lateral (
        select 'template_args.' || entries.key, entries.value::text, case entries.key
            when 'filter_start_date' then
                case when internal.parse_date(entries.value #>> '{}') is null
                    then 'must be a date YYYY-MM-DD' end
            when 'filter_end_date' then
                case when internal.parse_date(entries.value #>> '{}') is null
                    then 'must be a date YYYY-MM-DD' end
            when 'filter_pango_lineages' then
                case
                    when jsonb_typeof(entries.value) <> 'array' or jsonb_path_exists(
                        entries.value, 'strict $[*] ? (@.type() != "string" || !(@ like_regex "^[0-9A-Za-z. */]{1,100}$"))'
                    ) then 'must be an array of lineage names; * at the end is a wildcard'
                    when jsonb_array_length(entries.value) > 1000
                        then 'must be at most 1,000 lineage names'
                end
            when 'location_id' then
                case
                    when jsonb_typeof(entries.value) <> 'number'
                        or entries.value::text !~ '^[1-9][0-9]{0,17}$'
                        or not exists (
                            select from aspen.locations as locations
                            where locations.id = case
                                when entries.value::text ~ '^[1-9][0-9]{0,17}$'
                                    then entries.value::text::bigint
                            end
                        )
                        then 'is not the id of a location'
                end
            else 'is not a known filter'
        end
    ) as checked(field, value, reason)
    where checked.reason is not null;
    return query
    select 'template_args', template_args::text,
        'filter_start_date must not be after filter_end_date'
    where
        internal.parse_date(template_args ->> 'filter_start_date')
        > internal.parse_date(template_args ->> 'filter_end_date');
end
$$;

comment on function internal.template_args_problems(jsonb) is
'What is wrong with the filters of a phylo run, one row per filter';

revoke all on function internal.template_args_problems(jsonb) from public;
grant execute on function internal.template_args_problems(jsonb) to api_writer;

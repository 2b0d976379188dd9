create or replace function internal.genbank_rows(
    sample_ids bigint[],
    names text[],
    pathogen_slug text
)
returns table (sample_id bigint, cells text[])
language plpgsql
stable
security invoker
rows 1000
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
begin
    return query
    select
        samples.id,
        array[
            named.name,
            samples.collection_date::text,
            concat_ws(
                ': ',
                places.country,
                nullif(concat_ws(', ', places.division, places.location), '')
            ),
            case
                when lower(samples.host) in ('human', 'homo sapiens') then 'Homo sapiens'
                else coalesce(samples.host, 'Homo sapiens')
            end,
            named.name,
            case when genbank_rows.pathogen_slug = 'SC2' then 'Nasal/oral swab' else 'clinical' end,
            null,
            null
        ]
    from unnest(genbank_rows.sample_ids, genbank_rows.names) as named(id, name)
    inner join aspen.samples as samples on named.id = samples.id
    inner join aspen.locations as places on samples.location_id = places.id
    where samples.id = any(genbank_rows.sample_ids);
end
$$;

comment on function internal.genbank_rows(bigint[], text[], text) is
$$Samples as rows of GenBank's source table

Cells are in the order of internal.template_columns, and null where a value is not known. names: of
the samples, in the order of sample_ids.$$;

revoke all on function internal.genbank_rows(bigint[], text[], text) from public;
grant execute on function internal.genbank_rows(bigint[], text[], text) to api_writer;

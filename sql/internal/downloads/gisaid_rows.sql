-- What describes the patient is not known here and is filled in as GISAID writes the unknown.
create or replace function internal.gisaid_rows(
    sample_ids bigint[],
    names text[],
    pathogen_slug text,
    submitter text,
    fasta_name text
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
declare
    own_groups bigint[] := authz.member_groups();
    only_own_group bigint := case when cardinality(own_groups) = 1 then own_groups[1] end;
begin
    return query
    select
        samples.id,
        array[
            gisaid_rows.submitter,
            gisaid_rows.fasta_name,
            named.name,
            case when gisaid_rows.pathogen_slug = 'SC2' then 'betacoronavirus' end,
            'Original',
            samples.collection_date::text,
            case when places.country is not null then concat_ws(
                ' / ', places.region, places.country, places.division, places.location) end,
            null,
            case
                when lower(samples.host) in ('human', 'homo sapiens') then 'Human'
                else coalesce(samples.host, 'Human')
            end,
            null,
            samples.purpose_of_sampling,
            'unknown',
            'unknown',
            'unknown',
            case when gisaid_rows.pathogen_slug = 'SC2'
                then 'Nasopharyngeal/oropharyngeal swab' end,
            null,
            null,
            null,
            null,
            null,
            sequences.sequencing_depth::text || 'x',
            coalesce(samples.sample_collected_by, own.submitting_lab, owners.name),
            coalesce(samples.sample_collector_contact_address, own.address),
            null,
            coalesce(labs.submitting_lab, labs.name),
            labs.address,
            null,
            nullif(array_to_string(samples.authors, ', '), '')
        ]
    from unnest(gisaid_rows.sample_ids, gisaid_rows.names) as named(id, name)
    inner join aspen.samples as samples on named.id = samples.id
    inner join aspen.locations as places on samples.location_id = places.id
    -- Whoever sees a sample sees the name of its group; the rest is for members of the group.
    inner join aspen.groups as owners on samples.group_id = owners.id
    left join aspen.groups as own on samples.group_id = own.id and own.id = any(own_groups)
    -- The caller submits: for the sample's group as a member of it, otherwise for their own.
    left join aspen.groups as labs on labs.id = case
        when samples.group_id = any(own_groups) then samples.group_id
        else only_own_group
    end
    left join aspen.sequences as sequences
        on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    where samples.id = any(gisaid_rows.sample_ids);
end
$$;

comment on function internal.gisaid_rows(bigint[], text[], text, text, text) is
$$Samples as rows of GISAID's batch upload

Cells are in the order of internal.template_columns, and null where a value is not known. names: of
the samples, in the order of sample_ids.$$;

revoke all on function internal.gisaid_rows(bigint[], text[], text, text, text) from public;
grant execute on function internal.gisaid_rows(bigint[], text[], text, text, text) to api_writer;

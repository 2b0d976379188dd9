-- definer because members have no insert privilege on jobs; row-level security holds for api_writer
-- too, so an identifier finds what the caller may see and nothing else.
create or replace function internal.create_phylo_run(
    group_id bigint,
    pathogen text,
    name text,
    samples text[],
    tree_type text,
    template_args jsonb
)
returns setof api.phylo_runs
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    pathogen_row aspen.pathogens;
    problems json;
    unknown_samples json;
    run_id bigint;
begin
    if (create_phylo_run.group_id = any(nullif(current_setting('aspen.member_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot create runs in this group',
            json_build_object('group_id', create_phylo_run.group_id)::text,
            'A direct role of member or admin is needed.');
    end if;
    select pathogens.* into pathogen_row
    from aspen.pathogens as pathogens
    where pathogens.slug = create_phylo_run.pathogen;
    if pathogen_row.id is null then
        perform internal.fail(400, 'unknown_pathogen', 'There is no such pathogen',
            json_build_object('pathogen', left(create_phylo_run.pathogen, 200))::text,
                'Use the slug of one of pathogens.');
    end if;

    select json_agg(json_build_object('field', left(found.field, 200), 'value',
        left(found.value, 200), 'reason', found.reason))
    into problems
    from (
        select 'name' as field, create_phylo_run.name as value, 'must be 1 to 128 characters'
            as reason
        where coalesce(char_length(create_phylo_run.name), 0) not between 1 and 128
        union all
        select 'tree_type', create_phylo_run.tree_type,
            'must be OVERVIEW, TARGETED or NON_CONTEXTUALIZED'
        where coalesce(create_phylo_run.tree_type, '') not in ('OVERVIEW', 'TARGETED',
            'NON_CONTEXTUALIZED')
        union all
        select 'samples', null, 'must be an array of identifiers without null'
        where create_phylo_run.samples is null
            or exists (select from unnest(create_phylo_run.samples) as given(identifier)
                where given.identifier is null)
        union all
        select checks.field, checks.value, checks.reason
        from internal.template_args_problems(create_phylo_run.template_args) as checks
    ) as found;
    if problems is not null then
        perform internal.fail(400, 'invalid_run', 'The run is not usable', problems::text);
    end if;

    insert into aspen.jobs (
        group_id, pathogen_id, kind, name, tree_type, template_args, contextual_repository_id,
            requested_by_id
    )
    values (
        create_phylo_run.group_id, pathogen_row.id, 'phylo_run', create_phylo_run.name,
            create_phylo_run.tree_type,
        jsonb_strip_nulls(create_phylo_run.template_args), pathogen_row.contextual_repository_id,
        nullif(current_setting('aspen.user_id', true), '')::bigint
    )
    returning jobs.id into run_id;

    with wanted as materialized (
        select distinct
            given.identifier,
            -- A leading {prefix}/ of the pathogen's default repository does not count.
            case when starts_with(given.identifier, repositories.prefix || '/')
                then substr(given.identifier, length(repositories.prefix) + 2)
                else given.identifier
            end as bare
        from unnest(create_phylo_run.samples) as given(identifier)
        left join aspen.pathogen_repositories as repositories
            on repositories.pathogen_id = pathogen_row.id
            and repositories.public_repository_id = pathogen_row.default_repository_id
    ),

    matched_samples as materialized (
        select wanted.identifier, samples.id, samples.group_id, samples.public_identifier
        from wanted
        inner join aspen.samples as samples
            on samples.public_identifier in (wanted.identifier, wanted.bare)
        where
            samples.pathogen_id = pathogen_row.id
            and samples.group_id = any(nullif(current_setting('aspen.any_groups', true),
                '')::bigint[])
        union
        select wanted.identifier, samples.id, samples.group_id, samples.public_identifier
        from wanted
        inner join aspen.samples as samples
            on samples.private_identifier = wanted.identifier
        where
            samples.pathogen_id = pathogen_row.id
            and samples.group_id = any(nullif(current_setting('aspen.full_groups', true),
                '')::bigint[])
    ),

    matched_strains as materialized (
        select wanted.identifier, public_sequences.strain, public_sequences.public_repository_id
        from wanted
        inner join aspen.public_sequences as public_sequences
            on public_sequences.pathogen_id = pathogen_row.id
            and public_sequences.public_repository_id = pathogen_row.default_repository_id
            and public_sequences.strain = wanted.bare
        union
        select wanted.identifier, public_sequences.strain, public_sequences.public_repository_id
        from wanted
        inner join aspen.public_sequences as public_sequences
            on public_sequences.pathogen_id = pathogen_row.id
            and public_sequences.public_repository_id = pathogen_row.default_repository_id
            and public_sequences.accession = wanted.identifier
    ),

    recorded_samples as (
        insert into aspen.job_samples (group_id, job_id, sample_group_id, sample_id,
            public_identifier)
        select distinct
            create_phylo_run.group_id, run_id, matched_samples.group_id, matched_samples.id,
            matched_samples.public_identifier
        from matched_samples
    ),

    recorded_strains as (
        insert into aspen.job_public_sequences (group_id, job_id, public_repository_id, strain)
        select distinct create_phylo_run.group_id, run_id, matched_strains.public_repository_id,
            matched_strains.strain
        from matched_strains
    )

    select json_agg(left(wanted.identifier, 200) order by wanted.identifier)
    into unknown_samples
    from wanted
    where
        not exists (select from matched_samples where matched_samples.identifier = wanted.identifier)
        and not exists (select from matched_strains where matched_strains.identifier = wanted.identifier);
    if unknown_samples is not null then
        perform internal.fail(400, 'unknown_samples', 'Some samples are not known',
            unknown_samples::text,
            'Use identifiers of samples you may see, or strain names and accessions of the pathogen''s repository.');
    end if;
    return query select phylo_runs.* from api.phylo_runs as phylo_runs where phylo_runs.id = run_id;
end
$$;

comment on function internal.create_phylo_run(bigint, text, text, text[], text, jsonb) is
'What api.create_phylo_run does, as api_writer';

revoke all on function internal.create_phylo_run(
    bigint, text, text, text[], text,
    jsonb
) from public;
grant execute on function internal.create_phylo_run(
    bigint, text, text, text[], text,
    jsonb
) to member;

grant create on schema internal to api_writer;
alter function internal.create_phylo_run(
    bigint, text, text, text[], text,
    jsonb
) owner to api_writer;
revoke create on schema internal from api_writer;

-- Only what an entry names is checked: the other values were checked when they were stored. So the
-- rules read a sample that has nothing but valid values, with what the entry names.
create or replace function internal.sample_change_problems(inputs internal.sample_input[])
returns table (row_number bigint, private_identifier text, field text, value text, reason text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
#variable_conflict use_column
declare
    valid aspen.samples;
    moving_private jsonb;
    moving_public jsonb;
begin
    select
        jsonb_object_agg((input.sample).id, true) filter (
            where input.cells ->> 'private_identifier' <> (input.sample).private_identifier),
        jsonb_object_agg((input.sample).id, true) filter (
            where input.cells ->> 'public_identifier' <> (input.sample).public_identifier)
    into moving_private, moving_public
    from unnest(inputs) as input
    where input.outcome = 'updated';
    select (input.sample).group_id, (input.sample).pathogen_id, (input.sample).location_id
    into valid.group_id, valid.pathogen_id, valid.location_id
    from unnest(inputs) as input
    where input.outcome = 'updated'
    limit 1;
    valid.private_identifier := 'valid';
    valid.collection_date := '2000-01-01';
    valid.is_private := false;
    valid.authors := '{}';

    return query
    with named as materialized (
        select
            input.row_number, input.outcome, (input.sample).id, (input.sample).private_identifier,
            kinds.field, kinds.value, kinds.stored,
            count(*) over (partition by kinds.field, kinds.value) as occurrences
        from unnest(inputs) as input
        cross join lateral (
            values
                ('private_identifier', input.cells ->> 'private_identifier',
                    (input.sample).private_identifier),
                ('public_identifier', input.cells ->> 'public_identifier',
                    (input.sample).public_identifier)
        ) as kinds(field, value, stored)
        where kinds.value is not null
    )

    select input.row_number, (input.sample).private_identifier, found.field, found.value,
        found.reason
    from unnest(inputs) as input
    cross join lateral (
        select unread.field, unread.value, case unread.reason
            when 'is not a column of samples or sequences'
                then 'is not a column that update_samples changes'
            else unread.reason
        end
        from jsonb_to_recordset(input.problems) as unread(field text, value text, reason text)
        union all
        select
            case when input.cells ? 'id' then 'id' else 'identifier' end,
            coalesce(input.cells ->> 'id', input.cells ->> 'identifier'),
            case input.outcome
                when 'unknown' then 'is not a sample of this group'
                when 'ambiguous' then 'is the private identifier of one sample and the public one of another'
                when 'named_twice' then 'cannot be given together with identifier'
                when 'unnamed' then case
                    when input.cells ? 'id' then 'is required, unless identifier is given'
                    else 'is required, unless id is given'
                end
            end
        where input.outcome in ('unknown', 'ambiguous', 'named_twice', 'unnamed')
            and (
                input.problems @? '$[*] ? (@.field == "id" || @.field == "identifier")'
            ) is not true
        union all
        select checks.field, checks.value, checks.reason
        from (
            select problem.field, problem.value, problem.reason
            from (
                select jsonb_populate_record(valid, input.cells) as sample
                -- Keeps the sample from being made once for each rule.
                offset 0
            ) as made
            cross join lateral internal.sample_problems(made.sample) as problem
            union all
            select problem.field, problem.value, problem.reason
            from internal.sequencing_problems(
                (input.cells ->> 'sequencing_date')::date,
                (input.cells ->> 'sequencing_depth')::double precision
            ) as problem
            union all
            select sequencing.field, input.cells ->> sequencing.field, 'the sample has no sequence'
            from (values ('sequencing_date'), ('sequencing_depth')) as sequencing(field)
            where input.outcome = 'updated'
                and input.cells ? sequencing.field
                and not exists (
                    select from aspen.sequences as sequences
                    where sequences.group_id = (input.sample).group_id
                        and sequences.sample_id = (input.sample).id
                )
        ) as checks
        where
            -- A cell that cannot be read is not missing.
            (
                input.problems @> jsonb_build_array(jsonb_build_object('field', checks.field))
            ) is not true
            and input.cells ? checks.field
    ) as found
    union all
    select repeated.row_number, repeated.private_identifier, repeated.field, repeated.value,
        'is given more than once in this batch'
    from (
        select
            input.row_number, (input.sample).private_identifier,
            case when input.cells ? 'id' then 'id' else 'identifier' end as field,
            coalesce(input.cells ->> 'id', input.cells ->> 'identifier') as value,
            count(*) over (partition by (input.sample).id) as occurrences
        from unnest(inputs) as input
        where input.outcome = 'updated'
    ) as repeated
    where repeated.occurrences > 1
    union all
    select named.row_number, named.private_identifier, named.field, named.value,
        'is given more than once in this batch'
    from named
    where named.occurrences > 1
    union all
    select named.row_number, named.private_identifier, named.field, named.value,
        'already exists in this group'
    from named
    where named.outcome = 'updated'
        and named.occurrences = 1
        and named.value <> named.stored
        and case named.field
            when 'private_identifier' then exists (
                select from aspen.samples as others
                where others.group_id + 0 = valid.group_id
                    and others.private_identifier = named.value
                    and (moving_private ? others.id::text) is not true
            )
            else exists (
                select from aspen.samples as others
                where others.group_id + 0 = valid.group_id
                    and others.public_identifier = named.value
                    and (moving_public ? others.id::text) is not true
            )
        end;
end
$$;

comment on function internal.sample_change_problems(internal.sample_input[]) is
$$What is wrong with a batch of changes, one row per problem

inputs: of internal.sample_changes, with generated public identifiers. private_identifier: as the
sample has it now.$$;

revoke all on function internal.sample_change_problems(internal.sample_input[]) from public;
grant execute on function internal.sample_change_problems(internal.sample_input[]) to api_writer;

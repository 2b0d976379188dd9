create or replace function internal.batch_problems(inputs internal.sample_input[])
returns table (row_number bigint, private_identifier text, field text, value text, reason text)
language plpgsql
stable
security invoker
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    select input.row_number, (input.sample).private_identifier, found.field, found.value,
        found.reason
    from unnest(inputs) as input
    cross join lateral internal.sample_input_problems(
        input.outcome, input.sample, input.cells, input.problems) as found
    union all
    select input.row_number, (input.sample).private_identifier, sequencing.field,
        input.cells ->> sequencing.field, 'the sample has no sequence'
    from unnest(inputs) as input
    cross join lateral (values ('sequencing_date'), ('sequencing_depth')) as sequencing(field)
    where input.outcome in ('created', 'updated')
        and not input.has_sequence
        and input.cells ->> sequencing.field is not null
        -- Not `exists`: PostgreSQL 15 would hash all sequences of the group for it.
        and (
            select sequences.id
            from aspen.sequences as sequences
            where sequences.group_id = (input.sample).group_id
                and sequences.sample_id = (input.sample).id
        ) is null
    union all
    select repeated.row_number, repeated.private_identifier, repeated.field, repeated.value,
        'is given more than once in this batch'
    from (
        select input.row_number, (input.sample).private_identifier, 'private_identifier' as field,
            input.cells ->> 'private_identifier' as value,
            count(*) over (partition by input.cells ->> 'private_identifier') as occurrences
        from unnest(inputs) as input
        where input.cells ->> 'private_identifier' is not null
        union all
        select input.row_number, (input.sample).private_identifier, 'public_identifier',
            input.cells ->> 'public_identifier',
            count(*) over (partition by input.cells ->> 'public_identifier')
        from unnest(inputs) as input
        where input.cells ->> 'public_identifier' is not null
    ) as repeated
    where repeated.occurrences > 1;
end
$$;

comment on function internal.batch_problems(internal.sample_input[]) is
'What is wrong with a batch of samples, one row per problem';

revoke all on function internal.batch_problems(internal.sample_input[]) from public;
grant execute on function internal.batch_problems(internal.sample_input[]) to api_writer;

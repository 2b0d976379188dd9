-- Without a `set` clause, so that it is inlined: it runs for every entry of a batch. It takes the
-- attributes and not the entry: PostgreSQL 18 fails to plan an inlined function of a whole row.
create or replace function internal.sample_input_problems(
    outcome text,
    sample aspen.samples,
    cells jsonb,
    problems jsonb
)
returns table (field text, value text, reason text)
language sql
stable
security invoker
begin atomic
    select
        unread.field,
        unread.value,
        unread.reason
    from
        jsonb_to_recordset(sample_input_problems.problems)
            as unread (field text, value text, reason text)
    union all
    select
        checks.field,
        checks.value,
        checks.reason
    from (
        select
            found.field,
            found.value,
            found.reason
        from internal.sample_problems(sample_input_problems.sample) as found
        union all
        select
            found.field,
            found.value,
            found.reason
        from
            internal.sequencing_problems(
                (sample_input_problems.cells ->> 'sequencing_date')::date,
                (sample_input_problems.cells ->> 'sequencing_depth')::double precision
            ) as found
        union all
        select
            'public_identifier' as field,
            (sample_input_problems.sample).public_identifier as value,
            'already exists in this group' as reason
        where
            sample_input_problems.outcome <> 'skipped'
            and exists (
                select from aspen.samples as others
                where
                    others.group_id + 0 = (sample_input_problems.sample).group_id
                    and others.public_identifier
                    = (sample_input_problems.sample).public_identifier
                    and others.id <> (sample_input_problems.sample).id
            )
    ) as checks
    where
        sample_input_problems.cells is not null
        -- A cell that cannot be read is not missing.
        and (
            sample_input_problems.problems
            @> jsonb_build_array(jsonb_build_object('field', checks.field))
        ) is not true
        -- A location that is named is not missing, even if its names are wrong.
        and (
            checks.field = 'location_id'
            and sample_input_problems.cells ?| '{region,country,division,location}'
        ) is not true
    union all
    select
        'private_identifier' as field,
        (sample_input_problems.sample).private_identifier as value,
        'already exists in this group' as reason
    where sample_input_problems.outcome = 'exists';
end;

comment on function internal.sample_input_problems(text, aspen.samples, jsonb, jsonb) is
$$What is wrong with an entry of a batch of samples by itself

The arguments are the attributes of internal.sample_input.$$;

revoke all on function internal.sample_input_problems(
    text, aspen.samples, jsonb, jsonb
) from public;
grant execute on function internal.sample_input_problems(
    text, aspen.samples, jsonb, jsonb
) to api_writer;

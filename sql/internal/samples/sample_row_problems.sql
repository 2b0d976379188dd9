-- Without a `set` clause, so that it is inlined: it runs for every row of a batch.
create or replace function internal.sample_row_problems(sample aspen.samples, noted jsonb)
returns table (problems jsonb)
language sql
stable
security invoker
begin atomic
    select
        nullif(
            sample_row_problems.noted || coalesce(
                jsonb_agg(
                    jsonb_build_object(
                        'field', problem.field, 'value', problem.value, 'reason', problem.reason
                    )
                ),
                '[]'
            ),
            '[]'
        ) as problems
    from internal.sample_problems(sample_row_problems.sample) as problem
    -- A value that could not be read stands in the row for another.
    where
        not sample_row_problems.noted
        @> jsonb_build_array(jsonb_build_object('field', problem.field));
end;

comment on function internal.sample_row_problems(aspen.samples, jsonb) is
$$What is wrong with a row of a POST or PATCH: one row, null if nothing is

noted: what internal.noted_problems found. problems: [{field, value, reason}].$$;

revoke all on function internal.sample_row_problems(aspen.samples, jsonb) from public;
grant execute on function internal.sample_row_problems(aspen.samples, jsonb) to api_writer;

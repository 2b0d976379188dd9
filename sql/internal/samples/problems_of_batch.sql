create or replace function internal.problems_of_batch(
    inputs internal.sample_input[],
    is_change boolean,
    out problems json,
    out problem_count bigint,
    out has_conflict boolean,
    out is_all_unknown boolean
)
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    with problem_rows as materialized (
        select found.*
        from internal.batch_problems(problems_of_batch.inputs) as found
        where not problems_of_batch.is_change
        union all
        select found.*
        from internal.sample_change_problems(problems_of_batch.inputs) as found
        where problems_of_batch.is_change
    )

    select
        (
            select json_agg(json_build_object(
                'row', named.row_number,
                'private_identifier', left(named.private_identifier, 200),
                'field', left(named.field, 200),
                'value', left(named.value, 200),
                'reason', named.reason
            ) order by named.row_number, named.field)
            from (
                select problem_rows.*
                from problem_rows
                order by problem_rows.row_number, problem_rows.field
                limit 200
            ) as named
        ),
        (select count(*) from problem_rows),
        (select bool_or(problem_rows.reason = 'already exists in this group') from problem_rows),
        (select bool_and(problem_rows.reason = 'is not a sample of this group') from problem_rows)
    into problems, problem_count, has_conflict, is_all_unknown;
end
$$;

comment on function internal.problems_of_batch(internal.sample_input[], boolean) is
$$What is wrong with a batch of samples, or of changes of samples

problems: the first 200, as internal.fail_samples takes them; null if there are none. problem_count:
how many there are. has_conflict: one is an identifier that exists. is_all_unknown: all are samples
that are not there.$$;

revoke all on function internal.problems_of_batch(internal.sample_input[], boolean) from public;
grant execute on function internal.problems_of_batch(
    internal.sample_input[], boolean
) to api_writer;

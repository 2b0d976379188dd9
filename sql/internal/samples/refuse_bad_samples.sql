create or replace function internal.refuse_bad_samples(inputs internal.sample_input[])
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    problems json;
    problem_count bigint;
    is_conflict boolean;
begin
    with problem_rows as materialized (
        select found.* from internal.batch_problems(inputs) as found
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
        (select bool_or(problem_rows.reason = 'already exists in this group') from problem_rows)
    into problems, problem_count, is_conflict;
    if problems is not null then
        perform internal.fail_samples(problems, problem_count, is_conflict);
    end if;
end
$$;

comment on function internal.refuse_bad_samples(internal.sample_input[]) is $$Reject a batch of samples that has problems

Names the first 200 and counts the others. Errors: 400 invalid_sample, 409 sample_exists.$$;

revoke all on function internal.refuse_bad_samples(internal.sample_input[]) from public;
grant execute on function internal.refuse_bad_samples(internal.sample_input[]) to api_writer;

create or replace function internal.refuse_bad_changes(inputs internal.sample_input[])
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    problems json;
    problem_count bigint;
    has_conflict boolean;
    is_all_unknown boolean;
begin
    with problem_rows as materialized (
        select found.* from internal.sample_change_problems(inputs) as found
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
    if problems is not null then
        perform internal.fail(
            case when is_all_unknown then 404 when has_conflict then 409 else 400 end,
            case
                when is_all_unknown then 'sample_not_found'
                when has_conflict then 'sample_exists'
                else 'invalid_sample'
            end,
            'Nothing was changed: some samples are unknown or invalid',
            internal.listed_problems(problems, problem_count),
            'Correct or leave out the named rows and send the whole batch again.'
        );
    end if;
end
$$;

comment on function internal.refuse_bad_changes(internal.sample_input[]) is $$Reject a batch of changes that has problems

Names the first 200 and counts the others. Errors: 400 invalid_sample, 404 sample_not_found if no row
has another problem, 409 sample_exists.$$;

revoke all on function internal.refuse_bad_changes(internal.sample_input[]) from public;
grant execute on function internal.refuse_bad_changes(internal.sample_input[]) to api_writer;

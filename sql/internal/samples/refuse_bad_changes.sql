create or replace function internal.refuse_bad_changes(inputs internal.sample_input[])
returns void
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    batch record;
begin
    select listed.* into batch
    from internal.problems_of_batch(inputs, is_change => true) as listed;
    if batch.problems is not null then
        perform internal.fail(
            case when batch.is_all_unknown then 404 when batch.has_conflict then 409 else 400 end,
            case
                when batch.is_all_unknown then 'sample_not_found'
                when batch.has_conflict then 'sample_exists'
                else 'invalid_sample'
            end,
            'Nothing was changed: some samples are unknown or invalid',
            internal.listed_problems(batch.problems, batch.problem_count),
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

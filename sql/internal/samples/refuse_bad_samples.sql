create or replace function internal.refuse_bad_samples(inputs internal.sample_input[])
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
    from internal.problems_of_batch(inputs, is_change => false) as listed;
    if batch.problems is not null then
        perform internal.fail_samples(batch.problems, batch.problem_count, batch.has_conflict);
    end if;
end
$$;

comment on function internal.refuse_bad_samples(internal.sample_input[]) is $$Reject a batch of samples that has problems

Names the first 200 and counts the others. Errors: 400 invalid_sample, 409 sample_exists.$$;

revoke all on function internal.refuse_bad_samples(internal.sample_input[]) from public;
grant execute on function internal.refuse_bad_samples(internal.sample_input[]) to api_writer;

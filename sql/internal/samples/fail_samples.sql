create or replace function internal.fail_samples(
    problems json,
    problem_count bigint,
    is_conflict boolean
)
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform internal.fail(
        case when is_conflict then 409 else 400 end,
        case when is_conflict then 'sample_exists' else 'invalid_sample' end,
        'Nothing was stored: some samples are invalid',
        internal.listed_problems(problems, problem_count),
        'Correct or leave out the named samples and send the whole batch again.'
    );
end
$$;

comment on function internal.fail_samples(json, bigint, boolean) is $$Reject a batch of samples, naming its problems

problems: the first ones, as [{row, private_identifier, field, value, reason}]; problem_count: how
many there are; is_conflict: one of them is an identifier that exists. Errors: 400 invalid_sample,
409 sample_exists.$$;

revoke all on function internal.fail_samples(json, bigint, boolean) from public;
grant execute on function internal.fail_samples(json, bigint, boolean) to api_writer;

create or replace function internal.size_problem(size_bytes bigint, most bigint)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select format('must be from 1 to %s', size_problem.most)
    where size_problem.size_bytes is null or size_problem.size_bytes not between 1 and size_problem.most;
$$;

comment on function internal.size_problem(bigint, bigint) is
'What is wrong with the size of a file to send; null if nothing';

revoke all on function internal.size_problem(bigint, bigint) from public;
grant execute on function internal.size_problem(bigint, bigint) to api_writer, job_runner;

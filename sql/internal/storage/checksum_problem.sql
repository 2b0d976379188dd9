create or replace function internal.checksum_problem(checksum_sha256 text)
returns text
language sql
immutable
security invoker
set search_path = ''
as $$
    select 'must be the SHA-256 of the file in 64 hexadecimal digits, lower case'
    where checksum_problem.checksum_sha256 is null
        or checksum_problem.checksum_sha256 !~ '^[0-9a-f]{64}$';
$$;

comment on function internal.checksum_problem(text) is
'What is wrong with the checksum of a file to send; null if nothing';

revoke all on function internal.checksum_problem(text) from public;
grant execute on function internal.checksum_problem(text) to api_writer, job_runner;

-- PostgREST answers from one value, which PostgreSQL and PostgREST hold in memory, several times
-- each (docs/api/downloads.md).
create or replace function internal.most_bases_at_once()
returns bigint
language sql
immutable
security invoker
set search_path = ''
as $$
    select 30000000;
$$;

comment on function internal.most_bases_at_once() is
'Return how many bases one answer may have';

revoke all on function internal.most_bases_at_once() from public;
grant execute on function internal.most_bases_at_once() to api_writer, job_runner;

-- The clock and not now(): of requests at the same time, the last to end counts.
create or replace function internal.note_heartbeat()
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
    update aspen.jobs as jobs
    set heartbeat_at = clock_timestamp()
    where
        jobs.group_id = authz.job_group_id()
        and jobs.id = authz.job_id()
        and jobs.status = 'running';
$$;

comment on function internal.note_heartbeat() is 'Note that the calling job is alive';

revoke all on function internal.note_heartbeat() from public;
grant execute on function internal.note_heartbeat() to job_runner;

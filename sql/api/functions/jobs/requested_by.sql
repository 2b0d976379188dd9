-- A computed field, not a column of the view: a list that does not need it costs nothing more. The
-- row is read again, because the argument may say anything.
create or replace function api.requested_by(api.jobs)
returns jsonb
language sql
stable
security invoker
-- Planning it again for every row costs more than running it.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
begin atomic
    select authz.named_user(jobs.requested_by_id)
    from aspen.jobs as jobs
    where jobs.id = ($1).id;
end;

comment on function api.requested_by(api.jobs) is $$The user who requested the job

Computed column, not part of `*`; request it: select=*,requested_by. {"id", "name"}; null for a scheduled job.
Whoever sees the row sees it.$$;

revoke all on function api.requested_by(api.jobs) from public;
grant execute on function api.requested_by(api.jobs) to member;

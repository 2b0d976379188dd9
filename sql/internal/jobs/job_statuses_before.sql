-- An array, not a join: an update that has waited for a row compares what the row has become by
-- then with every status, but with one row of a join only.
create or replace function internal.job_statuses_before(action text)
returns text[]
language sql
immutable
security invoker
set search_path = ''
as $$
    select coalesce(array_agg(transitions.from_status), '{}')
    from internal.job_transitions() as transitions
    where
        transitions.action = job_statuses_before.action
        and transitions.from_status is not null;
$$;

comment on function internal.job_statuses_before(text) is
'Return the statuses a job may have when this action begins';

revoke all on function internal.job_statuses_before(text) from public;
grant execute on function internal.job_statuses_before(text) to api_writer, results_keeper;

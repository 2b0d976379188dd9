-- definer because a caller who deletes a sample may not see the jobs of other groups that use it.
create or replace function internal.end_empty_jobs()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    noted text := trim(both ',' from current_setting('aspen.jobs_with_lost_inputs', true));
begin
    if noted <> '' then
        perform internal.cancel_jobs_without_input(string_to_array(noted, ',')::bigint[]);
        perform set_config('aspen.jobs_with_lost_inputs', '', true);
    end if;
    return null;
end
$$;

comment on function internal.end_empty_jobs() is
'Trigger: cancel queued jobs whose samples were all deleted';

revoke all on function internal.end_empty_jobs() from public;

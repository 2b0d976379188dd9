-- A statement that deletes samples one by one would look through the inputs of a job once for each
-- sample. Instead, this trigger remembers the job, and internal.end_empty_jobs looks once, when all
-- samples are deleted.
-- definer because a caller who deletes a sample may not see the jobs of other groups that use it.
create or replace function internal.note_lost_input()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    noted text := coalesce(current_setting('aspen.jobs_with_lost_inputs', true), '');
begin
    if strpos(noted, ',' || new.job_id || ',') = 0
        and exists (
            select from aspen.jobs as jobs
            where jobs.id = new.job_id and jobs.status = 'queued'
        )
    then
        perform set_config('aspen.jobs_with_lost_inputs',
            case noted when '' then ',' else noted end || new.job_id || ',', true);
    end if;
    return null;
end
$$;

comment on function internal.note_lost_input() is
$$Trigger: note the queued jobs of a sample that is deleted

internal.end_empty_jobs reads the notes.$$;

revoke all on function internal.note_lost_input() from public;

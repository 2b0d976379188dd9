create or replace function internal.refuse_delete_of_open_job()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform authz.fail(409, 'job_in_progress', 'A job that has not ended cannot be deleted',
        json_build_object('id', old.id, 'status', old.status)::text,
            'Cancel it first with cancel_job, or wait for its end.');
    return old;
end
$$;

comment on function internal.refuse_delete_of_open_job() is 'Trigger: refuses to delete a job that is queued or running';

revoke all on function internal.refuse_delete_of_open_job() from public;

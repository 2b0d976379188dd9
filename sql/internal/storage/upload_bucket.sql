create or replace function internal.upload_bucket()
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    newest constant text := internal.newest_bucket();
begin
    if newest is null then
        perform internal.fail(503, 'storage_unavailable',
            'Files cannot be fetched or sent at the moment', null,
            'Try again later. Operators: run control output credentials.');
    end if;
    return newest;
end
$$;

comment on function internal.upload_bucket() is $$The bucket that new files go into

That of the control plane: the one whose credentials it renewed last. Errors: 503 storage_unavailable.$$;

revoke all on function internal.upload_bucket() from public;
grant execute on function internal.upload_bucket() to api_writer, job_runner;

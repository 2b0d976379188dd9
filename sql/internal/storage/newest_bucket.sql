-- definer because only presigner may read the credentials.
create or replace function internal.newest_bucket()
returns text
language sql
stable
security definer
set search_path = ''
as $$
    select stored.bucket
    from aspen.storage_credentials as stored
    order by stored.updated_at desc, stored.bucket
    limit 1;
$$;

comment on function internal.newest_bucket() is
$$The bucket whose credentials were renewed last

It is that of the control plane. Null before the first time.$$;

revoke all on function internal.newest_bucket() from public;
grant execute on function internal.newest_bucket() to api_writer, job_runner, results_keeper;

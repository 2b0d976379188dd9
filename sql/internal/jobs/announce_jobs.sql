-- Workers wait for the notification, and look by themselves now and then in case they miss it.
create or replace function internal.announce_jobs()
returns trigger
language plpgsql
volatile
security invoker
set search_path = ''
as $$
begin
    perform pg_notify('aspen_jobs', '');
    return null;
end
$$;

comment on function internal.announce_jobs() is
'Trigger: tells workers that a job was queued or cancelled';

revoke all on function internal.announce_jobs() from public;

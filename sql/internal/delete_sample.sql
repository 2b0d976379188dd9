-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.delete_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds a row by its key; planning it anew for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
as $$
begin
    if (old.group_id = any(nullif(current_setting('aspen.full_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot delete samples of this group',
            json_build_object('group_id', old.group_id)::text,
                'A role of member or admin is needed.');
    end if;
    delete from aspen.samples as samples where samples.id = old.id;
    -- Another request deleted it first, and that one says so.
    if not found then
        return null;
    end if;
    return old;
end
$$;

comment on function internal.delete_sample() is $$Trigger: deletes a sample with everything that belongs to it

Errors: 403 group_access_denied.$$;

revoke all on function internal.delete_sample() from public;

grant create on schema internal to api_writer;
alter function internal.delete_sample() owner to api_writer;
revoke create on schema internal from api_writer;

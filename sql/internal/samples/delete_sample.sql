-- A row is locked when its turn comes, and noted; a few hundred at a time are deleted by one
-- statement, which costs half as much as one for each. The trigger at the end of the statement
-- deletes the last ones. definer because members have no write privilege on aspen.samples;
-- row-level security holds for api_writer too.
create or replace function internal.delete_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds rows by their keys; planning it again for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the tables were empty would read them from end to end.
set enable_seqscan = 'off'
as $$
declare
    noted text := coalesce(current_setting('aspen.samples_to_delete', true), '');
begin
    if tg_level = 'ROW' then
        perform authz.require_member(
            old.group_id, 'You cannot delete samples of this group', 'full');
        perform from aspen.samples as samples where samples.id = old.id for update;
        -- Another request deleted it first and reports it.
        if not found then
            return null;
        end if;
        noted := noted || old.id || ',';
    end if;
    if tg_level = 'STATEMENT' or length(noted) > 4000 then
        delete from aspen.samples as samples
        where samples.id = any(string_to_array(rtrim(noted, ','), ',')::bigint[]);
        noted := '';
    end if;
    perform set_config('aspen.samples_to_delete', noted, true);
    return old;
end
$$;

comment on function internal.delete_sample() is
$$Trigger: delete a sample with everything that belongs to it

Runs for each row and at the end of the statement. Errors: 403 group_access_denied.$$;

revoke all on function internal.delete_sample() from public;

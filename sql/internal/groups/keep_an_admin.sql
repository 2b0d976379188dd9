-- Admins are counted when the statement ends, so that one statement can swap them. A request that
-- removes another admin of the group at the same time waits, and then sees who is left.
-- definer because the count must see every membership.
create or replace function internal.keep_an_admin()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    orphans json;
begin
    perform pg_advisory_xact_lock(hashtextextended('aspen.memberships', losing.group_id))
    from (
        select distinct old_rows.group_id
        from old_rows
        where old_rows.role = 'admin'
        order by old_rows.group_id
    ) as losing;
    -- Deleting a group deletes its memberships.
    select json_agg(groups.id order by groups.id) into orphans
    from aspen.groups as groups
    where groups.id in (select old_rows.group_id from old_rows where old_rows.role = 'admin')
        and not exists (
            select from aspen.memberships as memberships
            where memberships.group_id = groups.id and memberships.role = 'admin'
        );
    if orphans is not null then
        perform internal.fail(409, 'last_admin', 'A group keeps at least one admin',
            json_build_object('group_ids', orphans)::text,
            'Make somebody else an admin first, or in the same statement.');
    end if;
    return null;
end
$$;

comment on function internal.keep_an_admin() is $$Trigger: keep the last admin of a group

Errors: 409 last_admin.$$;

revoke all on function internal.keep_an_admin() from public;

-- definer because viewers, and users with a granted role, may not read the row of the group. It
-- names groups whose rows the caller sees and no others, whatever row it is asked about.
create or replace function authz.named_group(group_id bigint)
returns jsonb
language sql
stable
security definer
set search_path = ''
-- Planning it again for every row costs more than running it.
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
as $$
    select jsonb_build_object(
        'id', groups.id, 'name', groups.name, 'division', groups.division,
        'location', groups.location
    )
    from aspen.groups as groups
    where groups.id = named_group.group_id and groups.id = any(authz.any_groups());
$$;

comment on function authz.named_group(bigint) is $$The name and place of a group that the caller sees

{"id", "name", "division", "location"}; null for any other group.$$;

revoke all on function authz.named_group(bigint) from public;
grant execute on function authz.named_group(bigint) to member;

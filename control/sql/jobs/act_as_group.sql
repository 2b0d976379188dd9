-- The rights of a member of one group, until the transaction ends or group_id is null.
select
    set_config('aspen.user_id', '', true),
    set_config('aspen.any_groups', given.groups, true),
    set_config('aspen.full_groups', given.groups, true),
    set_config('aspen.member_groups', given.groups, true)
from (select coalesce('{' || %(group_id)s::bigint || '}', '') as groups) as given

-- Take the rights of a member of one group, until the transaction ends or group_id is null.
select
    authz.set_caller(null, null, null, null) as caller,
    authz.set_groups(given.groups, given.groups, null, given.groups, null) as groups
from (
    select case when %(group_id)s::bigint is not null then array[%(group_id)s::bigint] end as groups
) as given

-- Group 0 is the platform, which nobody joins.
select
    groups.id,
    groups.name,
    groups.prefix,
    groups.directory_id
from aspen.groups as groups
where groups.id <> 0
order by groups.id; -- noqa: PRS

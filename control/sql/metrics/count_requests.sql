-- Add the requests of a chunk of the log to the days of their groups. Groups that are gone are
-- left out.
insert into aspen.group_requests (group_id, day, request_count)
select
    counted.group_id,
    counted.day,
    counted.request_count
from
    unnest(%(group_ids)s::bigint[], %(days)s::date[], %(counts)s::bigint[])
        as counted (group_id, day, request_count)
inner join aspen.groups as groups on counted.group_id = groups.id
order by counted.group_id, counted.day
on conflict (group_id, day) do update
    set request_count = group_requests.request_count + excluded.request_count

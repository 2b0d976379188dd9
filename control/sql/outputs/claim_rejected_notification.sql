-- Take the next rejected message; another command that takes one skips it.
select
    id,
    message_id,
    case jsonb_typeof(body) when 'string' then body #>> '{}' else body::text end as body,
    reason
from aspen.rejected_notifications
where replayed_at is null and id > %s
order by id
limit 1
for update skip locked;

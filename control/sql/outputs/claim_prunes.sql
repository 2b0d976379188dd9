-- Take the next objects that the queue says to delete; another command that takes some skips them.
-- With a group, only its objects.
select
    prunes.id,
    prunes.job_id,
    prunes.key,
    prunes.version_id
from aspen.object_prunes as prunes
where
    prunes.id > %(after)s
    and prunes.bucket = %(bucket)s
    and (%(group_id)s::bigint is null or prunes.group_id = %(group_id)s)
order by prunes.id
limit %(limit)s
for update skip locked;

-- Take the next objects that the queue says to delete; another command that takes some skips them.
select
    prunes.id,
    prunes.job_id,
    prunes.key,
    prunes.version_id
from aspen.object_prunes as prunes
where prunes.id > %(after)s and prunes.bucket = %(bucket)s
order by prunes.id
limit %(limit)s
for update skip locked;

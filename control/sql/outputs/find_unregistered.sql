-- Find which of these objects nothing accounts for: neither an output, nor the queue of objects to
-- delete, nor a job that still writes them, nor an upload. Manifest and log of a job stay with it.
select listed.key
from (
    select
        named.key,
        named.position,
        regexp_match(named.key, '(?:^|/)jobs/([1-9][0-9]{0,17})/([^/]*)/(.*)$') as home,
        regexp_match(named.key, '^(group/([0-9]{1,18})/uploads/[^/]*/)') as sent
    from unnest(%(keys)s::text[]) with ordinality as named (key, position)
) as listed
where
    not exists (
        select from aspen.job_outputs as outputs
        where outputs.bucket = %(bucket)s and outputs.key = listed.key
    )
    and not exists (
        select from aspen.object_prunes as prunes
        where
            prunes.bucket = %(bucket)s
            and prunes.key in (listed.key, substring(listed.key from '^jobs/[0-9]+/'))
    )
    and not exists (
        select from aspen.jobs as jobs
        where
            jobs.id = listed.home[1]::bigint
            and (
                jobs.finished_at is null and jobs.attempt::text = listed.home[2]
                or listed.home[3] in ('manifest.json', 'log.txt')
            )
    )
    and not exists (
        select from aspen.uploads as uploads
        where
            uploads.group_id = listed.sent[2]::bigint
            and uploads.bucket = %(bucket)s
            and uploads.folder = listed.sent[1]
    )
order by listed.position;

-- Queue these objects for deletion: each belongs to the group of its job or upload, or to the
-- platform if both are gone.
insert into aspen.object_prunes (group_id, job_id, bucket, key)
select
    coalesce(jobs.group_id, groups.id, 0) as group_id,
    listed.job_id,
    %(bucket)s as bucket,
    listed.key
from (
    select
        named.key,
        substring(named.key from '^jobs/([1-9][0-9]{0,17})/')::bigint as job_id,
        substring(named.key from '^group/([0-9]{1,18})/')::bigint as group_id
    from unnest(%(keys)s::text[]) as named (key)
) as listed
left join aspen.jobs as jobs on listed.job_id = jobs.id
left join aspen.groups as groups on listed.group_id = groups.id;

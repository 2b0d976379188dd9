-- Queue all folders of a group for deletion: those of its jobs, whatever became of them, and that
-- of its uploads.
insert into aspen.object_prunes (group_id, job_id, bucket, key)
select
    jobs.group_id,
    jobs.id,
    %(bucket)s as bucket,
    format('jobs/%%s/', jobs.id) as key
from aspen.jobs as jobs
where jobs.group_id = %(group_id)s
union all
select
    groups.id,
    null as job_id,
    %(bucket)s as bucket,
    format('group/%%s/', groups.id) as key
from aspen.groups as groups
where groups.id = %(group_id)s;

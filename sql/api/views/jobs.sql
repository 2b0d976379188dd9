-- What a tool says when it fails may name private samples: viewers do not read it. For the mask see
-- samples.sql.
create or replace view api.jobs
with (security_invoker = true)
as
select
    jobs.id,
    jobs.group_id,
    jobs.pathogen_id,
    jobs.kind,
    jobs.status,
    jobs.attempt,
    jobs.software_versions,
    case
        when
            jobs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then jobs.error
    end as error,
    jobs.requested_by_id,
    jobs.created_at,
    jobs.started_at,
    jobs.heartbeat_at,
    jobs.finished_at,
    jobs.updated_at
from aspen.jobs as jobs;

comment on view api.jobs is $$Compute jobs

Visible to everyone who sees the group. The lineage and QC jobs of a sample are queued when its
sequence comes or changes, one of each kind for a group, pathogen and request; while one is queued,
a sample in it is not queued again. cancel_job stops one.$$;

comment on column api.jobs.id is 'Key';
comment on column api.jobs.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.jobs.pathogen_id is 'The pathogen; see pathogens';
comment on column api.jobs.kind is 'phylo_run, pangolin or nextclade';
comment on column api.jobs.status is 'queued, running, succeeded, failed, cancelled or timed_out';
comment on column api.jobs.attempt is 'Number of this attempt, from 1';
comment on column api.jobs.software_versions is 'Versions of the software used, by name';
comment on column api.jobs.error is
$$Why it failed, or was cancelled without anybody's asking

Null otherwise, and where the caller is a viewer.$$;
comment on column api.jobs.requested_by_id is 'The user who asked for it; null for a scheduled job';
comment on column api.jobs.created_at is 'When it was queued';
comment on column api.jobs.started_at is 'When the attempt started; null if it has not';
comment on column api.jobs.heartbeat_at is 'When the job was last heard of; null if never';
comment on column api.jobs.finished_at is 'When it ended; null if it has not';
comment on column api.jobs.updated_at is 'When the row was last changed';

grant select on api.jobs to member;
grant select on api.jobs to api_writer;

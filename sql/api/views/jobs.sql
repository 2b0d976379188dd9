-- The error text of a failed tool may contain identifiers of private samples, so it is null for
-- viewers. samples.sql explains masked columns.
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
            jobs.group_id = any((select authz.full_groups())::bigint[])
            then jobs.error
    end as error,
    jobs.requested_by_id,
    jobs.created_at,
    jobs.started_at,
    jobs.heartbeat_at,
    jobs.finished_at,
    jobs.updated_at,
    jobs.public_repository_id,
    jobs.progress_done,
    jobs.progress_total,
    jobs.due_at,
    (jobs.status in ('failed', 'timed_out'))::aspen.flag as is_dead
from aspen.jobs as jobs;

comment on view api.jobs is $$Jobs: trees, lineages, quality control, imports, exports, loads

Everyone who sees the group sees its jobs; viewers do not see error. Operators see the jobs that belong to
no group: those of group 0, the platform. Nothing is written here. When the sequence of a sample is uploaded or changes, the
lineage and quality-control jobs of its pathogen are queued: one job of each kind for all samples of a
group and pathogen in a request. A sample that is already in a queued job is not queued again.
An attempt that fails, takes too long or loses its worker is made again after a while, up to a bound; then the
job is dead until somebody retries it: `is_dead=eq.true` lists those, with their reason in error.
Cancel a job with cancel_job, and try an ended one again with retry_job.$$;

comment on column api.jobs.id is 'Identifier of the row';
comment on column api.jobs.group_id is 'Group that owns the row; see groups in me';
comment on column api.jobs.pathogen_id is
'Pathogen; see pathogens. Null only for a job of the platform';
comment on column api.jobs.kind is $$Kind of job

phylo_run, pangolin, nextclade, import or export; of the platform: repository_alignment,
repository_download, repository_processing, public_metadata, locations, lineages or accessions.$$;
comment on column api.jobs.status is 'queued, running, succeeded, failed, cancelled or timed_out';
comment on column api.jobs.attempt is 'Number of the current attempt, from 1';
comment on column api.jobs.software_versions is $$Versions of the programs used, by name

{"nextclade": "3.8.2"}$$;
comment on column api.jobs.error is $$Why the job failed, or why the system cancelled it

Of a job that waits for its next attempt or makes it, why the attempt before failed. Null otherwise, and where the caller is a viewer.$$;
comment on column api.jobs.requested_by_id is
'User who requested the job; null for a scheduled job';
comment on column api.jobs.created_at is 'When it was queued';
comment on column api.jobs.started_at is 'When the current attempt started; null if it has not';
comment on column api.jobs.heartbeat_at is 'When the running job last reported; null if never';
comment on column api.jobs.finished_at is 'When it ended; null if it has not';
comment on column api.jobs.updated_at is 'When the row was last changed';
comment on column api.jobs.public_repository_id is $$Repository whose data a job of the platform loads

Null otherwise; see public_repositories.$$;
comment on column api.jobs.progress_done is
$$How much of progress_total is done

Null if the kind of job does not tell.$$;
comment on column api.jobs.progress_total is
$$How much there is to do: samples of an import

Null if the kind of job does not tell.$$;
comment on column api.jobs.due_at is
'When the next attempt may start, after one that failed; null otherwise';
comment on column api.jobs.is_dead is
'Whether it failed or timed out, and waits for somebody to retry it';

grant select on api.jobs to member;
grant select on api.jobs to api_writer;

-- Find which of these objects something needs: an output, a data set of a repository, an upload,
-- whose objects are below its folder, or the present attempt of a job that has not ended. Without a
-- version an object is whatever is stored under its key.
select
    named.key,
    named.version_id
from unnest(%(keys)s::text[], %(version_ids)s::text[]) as named (key, version_id)
where
    exists (
        select from aspen.job_outputs as outputs
        where
            outputs.bucket = %(bucket)s
            and outputs.key = named.key
            and coalesce(named.version_id = outputs.version_id, true)
    )
    or exists (
        select from aspen.repository_data as sets
        where
            sets.bucket = %(bucket)s
            and named.key in (sets.sequences_key, sets.metadata_key)
    )
    or exists (
        select from aspen.uploads as uploads
        where
            uploads.bucket = %(bucket)s
            and substring(named.key from '^group/[0-9]+/uploads/[^/]*/') = uploads.folder
    )
    or named.version_id is null
    and exists (
        select from aspen.jobs as jobs
        where
            jobs.id = substring(named.key from '^jobs/([1-9][0-9]{0,17})/')::bigint
            and jobs.finished_at is null
            and starts_with(named.key, format('jobs/%%s/%%s/', jobs.id, jobs.attempt))
    );

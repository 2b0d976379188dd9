-- Which of these objects a row refers to again: an output, a data set of a repository, or an upload,
-- whose objects are below its folder. Without a version an object is whatever is stored under its key.
select prunes.id
from aspen.object_prunes as prunes
where
    prunes.id = any(%(ids)s)
    and (
        exists (
            select from aspen.job_outputs as outputs
            where
                prunes.bucket = outputs.bucket
                and prunes.key = outputs.key
                and coalesce(prunes.version_id = outputs.version_id, true)
        )
        or exists (
            select from aspen.repository_data as sets
            where
                prunes.bucket = sets.bucket
                and prunes.key in (sets.sequences_key, sets.metadata_key)
        )
        or exists (
            select from aspen.uploads as uploads
            where
                prunes.bucket = uploads.bucket
                and substring(prunes.key from '^group/[0-9]+/uploads/[^/]*/') = uploads.folder
        )
    );

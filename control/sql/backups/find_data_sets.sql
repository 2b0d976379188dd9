-- List the files of data sets of repositories that are no outputs, because their job was deleted;
-- with a time only those that are new since. They belong to no group.
select distinct
    sets.bucket,
    files.key,
    null as version_id,
    null::bigint as size_bytes,
    null as checksum_sha256,
    false as is_promised
from aspen.repository_data as sets
cross join lateral (values (sets.sequences_key), (sets.metadata_key)) as files (key)
where
    %(group_id)s::bigint is null
    and coalesce(sets.created_at >= %(since)s::timestamptz, true)
    and not exists (
        select from aspen.job_outputs as outputs
        where sets.bucket = outputs.bucket and files.key = outputs.key
    );

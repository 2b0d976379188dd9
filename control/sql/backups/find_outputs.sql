-- List the objects of outputs, each once, with the size and checksum that its row states; with a
-- time only those that are new or were verified since; with a group only those of its jobs.
select distinct on (outputs.bucket, outputs.key, outputs.version_id)
    outputs.bucket,
    outputs.key,
    outputs.version_id,
    outputs.size_bytes,
    outputs.checksum_sha256,
    false as is_promised
from aspen.job_outputs as outputs
where
    coalesce(greatest(outputs.created_at, outputs.verified_at) >= %(since)s::timestamptz, true)
    and (%(group_id)s::bigint is null or outputs.group_id = %(group_id)s)
order by outputs.bucket, outputs.key, outputs.version_id, outputs.checksum_sha256 nulls last;

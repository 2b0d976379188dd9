-- List the objects of outputs, each once, with the size and checksum that its row states; with a time
-- only those that are new or were verified since.
select distinct on (outputs.bucket, outputs.key, outputs.version_id)
    outputs.bucket,
    outputs.key,
    outputs.version_id,
    outputs.size_bytes,
    outputs.checksum_sha256,
    false as is_promised
from aspen.job_outputs as outputs
where coalesce(greatest(outputs.created_at, outputs.verified_at) >= %(since)s::timestamptz, true)
order by outputs.bucket, outputs.key, outputs.version_id, outputs.checksum_sha256 nulls last;

-- List registered outputs in the order of their ids, a page at a time; of one job, group, kind or
-- prefix if it is given.
select
    outputs.id,
    outputs.job_id,
    outputs.kind,
    outputs.bucket,
    outputs.key,
    outputs.size_bytes,
    outputs.etag,
    outputs.version_id,
    outputs.checksum_sha256
from aspen.job_outputs as outputs
where
    outputs.id > %(after)s
    and (%(job_id)s::bigint is null or outputs.job_id = %(job_id)s)
    and (%(group_id)s::bigint is null or outputs.group_id = %(group_id)s)
    and (%(kind)s::text is null or outputs.kind = %(kind)s)
    and (%(bucket)s::text is null or outputs.bucket = %(bucket)s)
    and (%(prefix)s::text is null or starts_with(outputs.key, %(prefix)s))
order by outputs.id
limit %(limit)s;

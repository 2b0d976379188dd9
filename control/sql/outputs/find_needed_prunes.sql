-- Which of these objects an output refers to again. Without a version an object is whatever is
-- stored under its key.
select prunes.id
from aspen.object_prunes as prunes
inner join aspen.job_outputs as outputs
    on prunes.bucket = outputs.bucket and prunes.key = outputs.key
where
    prunes.id = any(%(ids)s)
    and coalesce(prunes.version_id = outputs.version_id, true);

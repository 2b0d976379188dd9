-- Lock the existing inputs of the job until the end, so that none is deleted, made private or
-- restricted between its results; in the order in which batches of samples lock them, so that two
-- transactions never deadlock.
insert into held_samples (id, group_id, disclosed_at)
select
    samples.id,
    samples.group_id,
    samples.disclosed_at
from aspen.job_samples as inputs
inner join aspen.samples as samples
    on inputs.sample_group_id = samples.group_id and inputs.sample_id = samples.id
where inputs.group_id = %(group_id)s and inputs.job_id = %(job_id)s
order by samples.private_identifier collate pg_catalog."C"
for key share of samples;

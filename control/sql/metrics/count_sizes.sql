-- Counts what every group has, as internal.usage_of_groups does for one.
-- Group 0 stands for the platform. Genomes are stored as they are: their lengths are read without them.
insert into aspen.group_sizes (
    group_id, samples, sequence_bytes, output_bytes, upload_bytes, jobs_requested
)
select
    groups.id,
    coalesce(samples.amount, 0),
    coalesce(sequences.amount, 0),
    coalesce(outputs.amount, 0),
    coalesce(uploads.amount, 0),
    coalesce(jobs.amount, 0)
from aspen.groups as groups
left join (
    select group_id, count(*) as amount
    from aspen.samples
    group by group_id
) as samples on groups.id = samples.group_id
left join (
    select group_id, sum(octet_length(sequence)) as amount
    from aspen.sequences
    group by group_id
) as sequences on groups.id = sequences.group_id
left join (
    select group_id, sum(size_bytes) as amount
    from aspen.job_outputs
    group by group_id
) as outputs on groups.id = outputs.group_id
left join (
    select group_id, sum(size_bytes) as amount
    from aspen.uploads
    group by group_id
) as uploads on groups.id = uploads.group_id
left join (
    select jobs.group_id, count(*) as amount
    from aspen.jobs as jobs
    inner join aspen.job_kinds as kinds on jobs.kind = kinds.name
    where
        jobs.requested_by_id is not null
        and not kinds.is_queued_for_sequences
        and jobs.created_at > now() - interval '24 hours'
    group by jobs.group_id
) as jobs on groups.id = jobs.group_id
where groups.id <> 0
order by groups.id
on conflict (group_id) do update
set
    samples = excluded.samples,
    sequence_bytes = excluded.sequence_bytes,
    output_bytes = excluded.output_bytes,
    upload_bytes = excluded.upload_bytes,
    jobs_requested = excluded.jobs_requested,
    counted_at = now()

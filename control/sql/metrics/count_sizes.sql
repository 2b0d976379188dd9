-- Count what every group has, as internal.usage_of_groups does for one.
-- Group 0 stands for the platform. Genomes are stored as they are: their lengths are read without
-- them.
insert into aspen.group_sizes (
    group_id, samples, sequence_bytes, output_bytes, upload_bytes, jobs_requested
)
select
    groups.id,
    coalesce(samples.amount, 0) as samples,
    coalesce(sequences.amount, 0) as sequence_bytes,
    coalesce(outputs.amount, 0) as output_bytes,
    coalesce(uploads.amount, 0) as upload_bytes,
    coalesce(jobs.amount, 0) as jobs_requested
from aspen.groups as groups
left join (
    select
        samples.group_id,
        count(*) as amount
    from aspen.samples as samples
    group by samples.group_id
) as samples on groups.id = samples.group_id
left join (
    select
        sequences.group_id,
        sum(octet_length(sequences.sequence)) as amount
    from aspen.sequences as sequences
    group by sequences.group_id
) as sequences on groups.id = sequences.group_id
left join (
    select
        job_outputs.group_id,
        sum(job_outputs.size_bytes) as amount
    from aspen.job_outputs as job_outputs
    group by job_outputs.group_id
) as outputs on groups.id = outputs.group_id
left join (
    select
        uploads.group_id,
        sum(uploads.size_bytes) as amount
    from aspen.uploads as uploads
    group by uploads.group_id
) as uploads on groups.id = uploads.group_id
left join (
    select
        jobs.group_id,
        count(*) as amount
    from aspen.jobs as jobs
    inner join aspen.job_kinds as kinds on jobs.kind = kinds.name
    where
        jobs.requested_by_id is not null
        and not kinds.is_queued_for_sequences
        and jobs.created_at > now() - interval '24 hours'
    group by jobs.group_id
) as jobs on groups.id = jobs.group_id
where groups.id <> 0
on conflict (group_id) do update
    set
        samples = excluded.samples,
        sequence_bytes = excluded.sequence_bytes,
        output_bytes = excluded.output_bytes,
        upload_bytes = excluded.upload_bytes,
        jobs_requested = excluded.jobs_requested,
        counted_at = now()

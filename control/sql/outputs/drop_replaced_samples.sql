-- Exclude samples whose sequence or pathogen changed since the job was queued, because results
-- belong to the sequence the job was for. The sequences stay locked until the end, so that none is
-- replaced between its results.
with present as materialized (
    select
        sequences.sample_id,
        sequences.revision
    from held_samples as held
    inner join aspen.samples as samples
        on held.id = samples.id
    inner join aspen.sequences as sequences
        on held.group_id = sequences.group_id and held.id = sequences.sample_id
    order by samples.private_identifier collate pg_catalog."C"
    for share of sequences
)

delete from held_samples as held
using
    aspen.samples as samples,
    aspen.jobs as jobs,
    aspen.job_samples as inputs
left join present on inputs.sample_id = present.sample_id
where
    inputs.group_id = %(group_id)s
    and inputs.job_id = %(job_id)s
    and inputs.sample_id = held.id
    and jobs.id = inputs.job_id
    and samples.id = held.id
    and (
        present.revision is distinct from inputs.sequence_revision
        or samples.pathogen_id <> jobs.pathogen_id
    )
returning held.id;

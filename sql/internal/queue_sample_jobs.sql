create or replace function internal.queue_sample_jobs(
    group_id bigint, pathogen_id bigint,
    outcome json
)
returns void
language sql
volatile
security invoker
set search_path = ''
as $$
    with stored as (
        select samples.id, samples.public_identifier
        from json_to_recordset(queue_sample_jobs.outcome)
            as samples(id bigint, public_identifier text, has_sequence boolean)
        where samples.has_sequence
    ),

    kinds as (
        select lower(pathogens.lineage_caller) as kind
        from aspen.pathogens as pathogens
        where pathogens.id = queue_sample_jobs.pathogen_id and pathogens.lineage_caller = 'PANGOLIN'
        union all
        select 'nextclade'
        from aspen.pathogens as pathogens
        where pathogens.id = queue_sample_jobs.pathogen_id
            and pathogens.nextclade_dataset_name is not null
    ),

    queued as (
        insert into aspen.jobs (group_id, pathogen_id, kind, requested_by_id)
        select
            queue_sample_jobs.group_id,
            queue_sample_jobs.pathogen_id,
            kinds.kind,
            nullif(current_setting('aspen.user_id', true), '')::bigint
        from kinds
        where exists (select from stored)
        returning jobs.id
    )

    insert into aspen.job_samples (group_id, job_id, sample_group_id, sample_id, public_identifier)
    select queue_sample_jobs.group_id, queued.id, queue_sample_jobs.group_id, stored.id,
        stored.public_identifier
    from queued
    cross join stored;
$$;

comment on function internal.queue_sample_jobs(bigint, bigint, json) is $$Queues the lineage and QC jobs of a pathogen

For the samples with a sequence in an outcome of create_samples.$$;

revoke all on function internal.queue_sample_jobs(bigint, bigint, json) from public;
grant execute on function internal.queue_sample_jobs(bigint, bigint, json) to api_writer;

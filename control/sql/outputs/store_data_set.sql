-- Store the data set of a job and stage. A later attempt of the job replaces it. The data set that
-- it was made from may have been deleted.
insert into aspen.repository_data (
    pathogen_id, public_repository_id, stage, bucket, sequences_key, metadata_key, source_id, job_id
)
values (
    %(pathogen_id)s, %(public_repository_id)s, %(stage)s, %(bucket)s, %(sequences_key)s,
    %(metadata_key)s,
    (
        select sources.id from aspen.repository_data as sources
        where sources.id = %(source_id)s
    ),
    %(job_id)s
)
on conflict (job_id, stage) do update
    set
        bucket = excluded.bucket,
        sequences_key = excluded.sequences_key,
        metadata_key = excluded.metadata_key,
        source_id = excluded.source_id,
        created_at = now()
returning id;

create or replace view api.job_outputs
with (security_invoker = true)
as
select
    job_outputs.id,
    job_outputs.group_id,
    job_outputs.job_id,
    job_outputs.kind,
    job_outputs.bucket,
    job_outputs.key,
    job_outputs.version_id,
    job_outputs.size_bytes,
    job_outputs.etag,
    job_outputs.checksum_sha256,
    job_outputs.verified_at,
    job_outputs.created_at
from aspen.job_outputs as job_outputs;

comment on view api.job_outputs is $$Files that jobs left in S3

Fetch one with output_url.$$;

comment on column api.job_outputs.id is 'Key';
comment on column api.job_outputs.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.job_outputs.job_id is 'The job';
comment on column api.job_outputs.kind is $$What the file is

auspice_json, lineage_report_csv, nextclade_csv, nextclade_tag_json or aligned_fasta.$$;
comment on column api.job_outputs.bucket is 'S3 bucket';
comment on column api.job_outputs.key is 'S3 object key';
comment on column api.job_outputs.version_id is 'S3 version; null if the bucket keeps none';
comment on column api.job_outputs.size_bytes is 'Size in bytes';
comment on column api.job_outputs.etag is 'ETag of the object';
comment on column api.job_outputs.checksum_sha256 is
'SHA-256 of the content, 64 hexadecimal digits; null if not known';
comment on column api.job_outputs.verified_at is 'When the object was last compared with this row';
comment on column api.job_outputs.created_at is 'When it was registered';

grant select on api.job_outputs to member;

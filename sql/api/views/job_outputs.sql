-- Viewers may fetch trees, so they read the size and checksum of trees to check what they fetched.
-- samples.sql explains masked columns.
create or replace view api.job_outputs
with (security_invoker = true)
as
select
    job_outputs.id,
    job_outputs.group_id,
    job_outputs.job_id,
    job_outputs.kind,
    case
        when
            job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.bucket
    end as bucket,
    case
        when
            job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.key
    end as key,
    case
        when
            job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.version_id
    end as version_id,
    case
        when
            job_outputs.kind = 'auspice_json'
            or job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.size_bytes
    end as size_bytes,
    case
        when
            job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.etag
    end as etag,
    case
        when
            job_outputs.kind = 'auspice_json'
            or job_outputs.group_id = any((select authz.full_groups())::bigint[])
            then job_outputs.checksum_sha256
    end as checksum_sha256,
    job_outputs.verified_at,
    job_outputs.created_at
from aspen.job_outputs as job_outputs;

comment on view api.job_outputs is $$Files that jobs wrote to S3

Fetch a file with output_url. Where the caller is a viewer, bucket, key, version_id and etag are null,
and size_bytes and checksum_sha256 are null except for trees.$$;

comment on column api.job_outputs.id is 'Identifier of the row';
comment on column api.job_outputs.group_id is 'Group that owns the row; see groups in me';
comment on column api.job_outputs.job_id is 'Job that wrote the file; see jobs';
comment on column api.job_outputs.kind is $$Kind of file

auspice_json, lineage_report_csv, nextclade_csv, nextclade_tag_json or aligned_fasta; of an export
export_csv, export_ndjson, export_parquet, export_fasta and export_manifest; of the platform
raw_sequences, raw_metadata, processed_sequences, processed_metadata, aligned_sequences,
aligned_metadata, lineage_list and alias_key.$$;
comment on column api.job_outputs.bucket is 'S3 bucket; null where the caller is a viewer';
comment on column api.job_outputs.key is 'S3 object key; null where the caller is a viewer';
comment on column api.job_outputs.version_id is $$Version of the S3 object

Null if the bucket keeps no versions, and where the caller is a viewer.$$;
comment on column api.job_outputs.size_bytes is $$Size in bytes

Null where the caller is a viewer, except for trees.$$;
comment on column api.job_outputs.etag is
'ETag of the S3 object; null where the caller is a viewer';
comment on column api.job_outputs.checksum_sha256 is $$SHA-256 of the content, 64 hexadecimal digits

Null if unknown. Null where the caller is a viewer, except for trees.$$;
comment on column api.job_outputs.verified_at is 'When the object was last compared with this row';
comment on column api.job_outputs.created_at is 'When the file was registered';

grant select on api.job_outputs to member;

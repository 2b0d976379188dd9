-- Viewers may fetch trees, and read of a file what helps them check what they fetched. For the mask
-- see samples.sql.
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
            job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.bucket
    end as bucket,
    case
        when
            job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.key
    end as key,
    case
        when
            job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.version_id
    end as version_id,
    case
        when
            job_outputs.kind = 'auspice_json'
            or job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.size_bytes
    end as size_bytes,
    case
        when
            job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.etag
    end as etag,
    case
        when
            job_outputs.kind = 'auspice_json'
            or job_outputs.group_id = any((
                select nullif(current_setting('aspen.full_groups', true), '')::bigint[]
            )::bigint[])
            then job_outputs.checksum_sha256
    end as checksum_sha256,
    job_outputs.verified_at,
    job_outputs.created_at
from aspen.job_outputs as job_outputs;

comment on view api.job_outputs is $$Files that jobs left in S3

Fetch one with output_url. Where the caller is a viewer, the place of a file is null, and of files
other than trees its size and checksum too.$$;

comment on column api.job_outputs.id is 'Key';
comment on column api.job_outputs.group_id is 'The group that owns the row; one of the groups of me';
comment on column api.job_outputs.job_id is 'The job';
comment on column api.job_outputs.kind is $$What the file is

auspice_json, lineage_report_csv, nextclade_csv, nextclade_tag_json or aligned_fasta.$$;
comment on column api.job_outputs.bucket is 'S3 bucket; null where the caller is a viewer';
comment on column api.job_outputs.key is 'S3 object key; null where the caller is a viewer';
comment on column api.job_outputs.version_id is
$$S3 version

Null if the bucket keeps none, and where the caller is a viewer.$$;
comment on column api.job_outputs.size_bytes is
$$Size in bytes

Null where the caller is a viewer and the file no tree.$$;
comment on column api.job_outputs.etag is 'ETag of the object; null where the caller is a viewer';
comment on column api.job_outputs.checksum_sha256 is
$$SHA-256 of the content, 64 hexadecimal digits

Null if not known, and where the caller is a viewer and the file no tree.$$;
comment on column api.job_outputs.verified_at is 'When the object was last compared with this row';
comment on column api.job_outputs.created_at is 'When it was registered';

grant select on api.job_outputs to member;

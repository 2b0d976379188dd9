create or replace function api.job_upload_url(
    path text default null,
    size_bytes bigint default null,
    checksum_sha256 text default null
)
returns json
language sql
volatile
security invoker
begin atomic
    select
        internal.job_upload_url(
            job_upload_url.path, job_upload_url.size_bytes, job_upload_url.checksum_sha256
        );
end;

comment on function api.job_upload_url(text, bigint, text) is $$A link to send one file of a job

For the program of a running job, with the token of its present attempt. path: of the file below the
job's output_prefix (see claim_job_inputs), at most 512 bytes, without empty parts, . and ..; log.txt
is taken. size_bytes: from 1 to 5368709120 (5 GiB). checksum_sha256: of the file, in 64 hexadecimal
digits, lower case. Returns url, to which the file is sent by PUT with exactly the headers in headers;
uri, where it is then; and expires_at, when url ends (after 15 minutes at most). The storage refuses
a file of another size or checksum. A call also counts as heartbeat. Errors: 400 invalid_argument,
503 storage_unavailable.$$;

revoke all on function api.job_upload_url(text, bigint, text) from public;
grant execute on function api.job_upload_url(text, bigint, text) to job;

-- definer because a job may read no table; row-level security shows job_runner the calling job. Its
-- id and attempt make the folder, where the worker writes log.txt.
create or replace function internal.job_upload_url(
    path text, size_bytes bigint, checksum_sha256 text
)
returns json
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    folder text;
begin
    perform internal.note_heartbeat();
    select format('jobs/%s/%s/', jobs.id, jobs.attempt) into folder
    from aspen.jobs as jobs
    where jobs.group_id = authz.job_group_id() and jobs.id = authz.job_id();
    perform internal.check_upload(
        'path', job_upload_url.path, case
            when coalesce(job_upload_url.path, '') = '' then 'must name a file'
            when octet_length(job_upload_url.path) > 512 then 'must have at most 512 bytes'
            when job_upload_url.path ~ '(^|/)([.]{0,2})(/|$)'
                then 'must have no empty part and no part . or ..'
            when job_upload_url.path = 'log.txt' then 'is the log, which the worker writes'
        end, job_upload_url.size_bytes, 5368709120, job_upload_url.checksum_sha256
    );
    return internal.upload_link(
        internal.upload_bucket(), folder || job_upload_url.path, job_upload_url.size_bytes,
        job_upload_url.checksum_sha256, 900
    );
end
$$;

comment on function internal.job_upload_url(text, bigint, text) is
'A link for a file of the calling job, for api.job_upload_url';

revoke all on function internal.job_upload_url(text, bigint, text) from public;
grant execute on function internal.job_upload_url(text, bigint, text) to job;

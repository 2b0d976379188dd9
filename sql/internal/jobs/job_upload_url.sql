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
    problems json;
    folder text;
begin
    perform internal.note_heartbeat();
    select format('jobs/%s/%s/', jobs.id, jobs.attempt) into folder
    from aspen.jobs as jobs
    where jobs.group_id = authz.job_group_id() and jobs.id = authz.job_id();
    select json_agg(json_build_object('field', found.field, 'value', left(found.value, 200),
        'reason', found.reason))
    into problems
    from (
        values
        ('path', job_upload_url.path, case
            when coalesce(job_upload_url.path, '') = '' then 'must name a file'
            when octet_length(job_upload_url.path) > 512 then 'must have at most 512 bytes'
            when job_upload_url.path
                ~ '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
                then 'must not contain control characters'
            when job_upload_url.path ~ '(^|/)([.]{0,2})(/|$)'
                then 'must have no empty part and no part . or ..'
            when job_upload_url.path = 'log.txt' then 'is the log, which the worker writes'
        end),
        ('size_bytes', job_upload_url.size_bytes::text, internal.size_problem(
            job_upload_url.size_bytes, 5368709120
        )),
        ('checksum_sha256', job_upload_url.checksum_sha256,
            internal.checksum_problem(job_upload_url.checksum_sha256))
    ) as found(field, value, reason)
    where found.reason is not null;
    if problems is not null then
        perform internal.fail(400, 'invalid_argument', 'The file is described wrongly',
            problems::text);
    end if;
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

create or replace function api.group_usage()
returns table (
    group_id bigint,
    samples bigint,
    sequence_bytes bigint,
    output_bytes bigint,
    upload_bytes bigint,
    jobs_requested bigint,
    job_minutes bigint,
    most_samples bigint,
    most_upload_bytes bigint,
    most_jobs_per_day integer,
    most_sequence_bytes bigint,
    most_output_bytes bigint,
    requests_today bigint,
    most_requests_per_day bigint
)
language sql
stable
security invoker
rows 10
begin atomic
    select
        usage.group_id,
        usage.samples,
        usage.sequence_bytes,
        usage.output_bytes,
        usage.upload_bytes,
        usage.jobs_requested,
        usage.job_minutes,
        usage.most_samples,
        usage.most_upload_bytes,
        usage.most_jobs_per_day,
        usage.most_sequence_bytes,
        usage.most_output_bytes,
        usage.requests_today,
        usage.most_requests_per_day
    from internal.usage_of_groups(authz.member_groups()) as usage;
end;

comment on function api.group_usage() is $$What your groups use, and what they may use at most

A row for each group where you are directly member or admin: samples; bytes of genomes (sequence_bytes), of files
of jobs (output_bytes) and of uploads (upload_bytes); jobs that people requested in the last 24 hours
(jobs_requested); minutes that the jobs of the last 30 days ran, in their last attempts (job_minutes); requests since
midnight UTC, counted a few seconds later (requests_today). most_samples, most_sequence_bytes, most_output_bytes,
most_upload_bytes, most_jobs_per_day and most_requests_per_day are limits that the operators set, null for none. Above
them, samples, genomes, files and uploads are refused with 413 group_limit_exceeded, requested jobs with
429 too_many_jobs, requests with 429 too_many_requests_of_group.$$;

revoke all on function api.group_usage() from public;
grant execute on function api.group_usage() to member;

-- Bases are stored as they are, so the length of a sequence is read without the sequence.
create or replace function internal.usage_of_groups(group_ids bigint[])
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
        named.group_id,
        (
            select count(*)
            from aspen.samples as samples
            where samples.group_id = named.group_id
        ) as samples,
        (
            select coalesce(sum(octet_length(sequences.sequence)), 0)
            from aspen.sequences as sequences
            where sequences.group_id = named.group_id
        ) as sequence_bytes,
        (
            select coalesce(sum(outputs.size_bytes), 0)::bigint
            from aspen.job_outputs as outputs
            where outputs.group_id = named.group_id
        ) as output_bytes,
        (
            select coalesce(sum(uploads.size_bytes), 0)::bigint
            from aspen.uploads as uploads
            where uploads.group_id = named.group_id
        ) as upload_bytes,
        jobs.requested as jobs_requested,
        jobs.minutes as job_minutes,
        limits.most_samples,
        limits.most_upload_bytes,
        limits.most_jobs_per_day,
        limits.most_sequence_bytes,
        limits.most_output_bytes,
        coalesce(requests.request_count, 0) as requests_today,
        limits.most_requests_per_day
    from unnest(usage_of_groups.group_ids) as named (group_id)
    cross join
        lateral (
            select
                count(*) filter (
                    where
                    jobs.requested_by_id is not null
                    and not kinds.is_queued_for_sequences
                    and jobs.created_at > now() - interval '24 hours'
                ) as requested,
                coalesce(
                    ceil(
                        sum(
                            extract(
                                epoch from coalesce(jobs.finished_at, now()) - jobs.started_at
                            )
                        ) / 60
                    ), 0
                )::bigint as minutes
            from aspen.jobs as jobs
            inner join aspen.job_kinds as kinds
                on jobs.kind = kinds.name
            where
                jobs.group_id = named.group_id
                and jobs.created_at > now() - interval '30 days'
        ) as jobs
    left join aspen.group_limits as limits
        on named.group_id = limits.group_id
    left join aspen.group_requests as requests
        on named.group_id = requests.group_id and requests.day = (now() at time zone 'UTC')::date
    order by named.group_id;
end;

comment on function internal.usage_of_groups(bigint[]) is
$$What groups store and ask for, and what they may at most

Counts what row-level security shows the caller. See api.group_usage.$$;

revoke all on function internal.usage_of_groups(bigint[]) from public;
grant execute on function internal.usage_of_groups(bigint[]) to member;

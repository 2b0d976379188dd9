-- Of each kind the 100 groups that have most, and the 1,000 that are nearest to a limit, from half
-- of it on: each is a series for as long as Prometheus keeps it. Nothing is counted here.
create or replace function internal.usage_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
stable
security invoker
rows 2000
begin atomic
    with usage as materialized (
        select
            sizes.group_id,
            used.kind,
            used.amount::double precision as amount,
            used.at_most::double precision as at_most
        from aspen.group_sizes as sizes
        left join aspen.group_limits as limits
            on sizes.group_id = limits.group_id
        left join aspen.group_requests as sent
            on sizes.group_id = sent.group_id and sent.day = (now() at time zone 'UTC')::date
        cross join
            lateral (
                values
                ('samples', sizes.samples, limits.most_samples),
                ('sequence_bytes', sizes.sequence_bytes, limits.most_sequence_bytes),
                ('output_bytes', sizes.output_bytes, limits.most_output_bytes),
                ('upload_bytes', sizes.upload_bytes, limits.most_upload_bytes),
                ('jobs_per_day', sizes.jobs_requested, limits.most_jobs_per_day),
                ('requests_per_day', sent.request_count, limits.most_requests_per_day)
            ) as used (kind, amount, at_most)
        where used.amount > 0
    ),

    ranked as (
        select
            usage.group_id,
            usage.kind,
            usage.amount,
            usage.at_most,
            row_number() over (
                partition by usage.kind
                order by usage.amount desc, usage.group_id asc
            ) as place
        from usage
    ),

    nearest as (
        select
            usage.group_id,
            usage.kind,
            usage.amount,
            usage.at_most
        from usage
        where usage.amount >= usage.at_most / 2
        order by usage.amount / greatest(usage.at_most, 1) desc, usage.group_id asc
        limit 1000
    ),

    shown as (
        select
            ranked.group_id,
            ranked.kind,
            ranked.amount,
            ranked.at_most
        from ranked
        where ranked.place <= 100
        union distinct
        select
            nearest.group_id,
            nearest.kind,
            nearest.amount,
            nearest.at_most
        from nearest
    )

    select
        measured.name,
        jsonb_build_object('group', shown.group_id, 'of', shown.kind) as labels,
        measured.value
    from shown
    cross join
        lateral (
            values ('aspen_group_usage', shown.amount), ('aspen_group_limit', shown.at_most)
        ) as measured (name, value)
    where measured.value is not null
    union all
    select
        'aspen_all_groups_usage' as name,
        jsonb_build_object('of', usage.kind) as labels,
        sum(usage.amount) as value
    from usage
    group by usage.kind
    union all
    select
        'aspen_group_usage_age_seconds' as name,
        '{}'::jsonb as labels,
        extract(epoch from now() - max(sizes.counted_at)) as value
    from aspen.group_sizes as sizes
    having count(*) > 0;
end;

comment on function internal.usage_metrics() is
$$What groups have, and what they may have at most, by id

name is one of internal.metric_families.$$;

revoke all on function internal.usage_metrics() from public;
grant execute on function internal.usage_metrics() to observer;

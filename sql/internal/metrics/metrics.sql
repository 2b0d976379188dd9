-- definer because operators see no rows of groups; only numbers leave this function.
-- The samples of a family follow its head, as OpenMetrics wants it.
create or replace function internal.metrics()
returns text
language sql
volatile
security definer
set search_path = ''
as $$
    with samples as materialized (
        select * from internal.job_metrics()
        union all
        select * from internal.outbox_metrics()
        union all
        select * from internal.server_metrics()
        union all
        select * from internal.table_metrics()
        union all
        select * from internal.group_metrics()
        union all
        select * from internal.usage_metrics()
    ),

    lines as (
        select
            samples.name,
            string_agg(
                samples.name
                || case families.type when 'counter' then '_total' else '' end
                || coalesce('{' || labels.text || '}', '')
                || ' '
                || samples.value::text,
                e'\n' order by labels.text
            ) as text
        from samples
        inner join internal.metric_families() as families
            on samples.name = families.name
        cross join lateral (
            select string_agg(
                format(
                    '%s="%s"', pairs.key,
                    replace(replace(replace(pairs.value, '\', '\\'), '"', '\"'), e'\n', '\n')
                ), ',' order by pairs.key
            ) as text
            from jsonb_each_text(samples.labels) as pairs
        ) as labels
        group by samples.name
    )

    select
        string_agg(
            format(
                e'# TYPE %1$s %2$s\n# HELP %1$s %3$s%4$s\n',
                families.name, families.type, families.help, e'\n' || lines.text
            ), '' order by families.number
        ) || e'# EOF\n'
    from internal.metric_families() as families
    left join lines on families.name = lines.name
$$;

comment on function internal.metrics() is
$$What operators watch, in the text form of OpenMetrics

See api.metrics.$$;

revoke all on function internal.metrics() from public;
grant execute on function internal.metrics() to operator, control;

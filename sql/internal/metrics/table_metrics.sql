-- The server's own estimates: nothing is counted.
create or replace function internal.table_metrics()
returns table (name text, labels jsonb, value double precision)
language sql
stable
security invoker
rows 200
begin atomic
    select
        measured.name,
        jsonb_build_object('table', counters.relname) as labels,
        measured.value
    from pg_catalog.pg_stat_all_tables as counters
    cross join
        lateral (
            values
            ('aspen_table_bytes', pg_total_relation_size(counters.relid)),
            ('aspen_table_rows', counters.n_live_tup),
            ('aspen_table_dead_rows', counters.n_dead_tup)
        ) as measured (name, value)
    where counters.schemaname = 'aspen' and measured.value is not null;
end;

comment on function internal.table_metrics() is
$$How large the tables are

name is one of internal.metric_families.$$;

revoke all on function internal.table_metrics() from public;
grant execute on function internal.table_metrics() to observer;

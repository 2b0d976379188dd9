-- definer because only api_writer may look up identifiers; row-level security holds for it too, so
-- a file contains what the caller may see and nothing else.
create or replace function internal.export_qc_metrics(choice jsonb, id_style text)
returns text
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
    found_id_style text := internal.id_style_of(export_qc_metrics.id_style);
    bound constant bigint := 5000;
    sample_ids bigint[];
    left_out bigint;
begin
    select array_agg(distinct chosen.sample_id) filter (where chosen.reason is null),
        count(*) filter (where chosen.reason is not null)
    into sample_ids, left_out
    from internal.chosen_samples(export_qc_metrics.choice, 'export_qc_metrics') as chosen;
    if cardinality(sample_ids) > bound then
        perform internal.fail(413, 'export_too_large', 'The export is too large',
            json_build_object('samples', cardinality(sample_ids), 'at_most', bound)::text,
            'Export in parts, by days or lists of samples; or a whole group with create_export.');
    end if;
    perform internal.describe_file(
        'text/tab-separated-values', internal.file_name(null, 'qc_metrics.tsv'), left_out);

    return (
        -- The operator || also makes a document of its own, so that a cell is not read from disk.
        with rows as materialized (
            select
                named.sample_id,
                jsonb_build_object(
                    'qc.overallScore', metrics.qc_score, 'qc.overallStatus', metrics.qc_status
                )
                || case jsonb_typeof(metrics.raw_output)
                    when 'object' then metrics.raw_output else '{}' end
                || jsonb_build_object('seqName', named.name) as document
            from internal.named_samples(
                sample_ids, found_id_style, null, null
            ) as named
            inner join aspen.sample_qc_metrics as metrics
                on named.group_id = metrics.group_id and named.sample_id = metrics.sample_id
            where metrics.qc_caller = 'NEXTCLADE'
        ),

        columns as (
            select array_agg(keys.name order by known.position, keys.name collate "C") as names
            from (
                select 'seqName' as name
                union
                select found.name
                from rows
                cross join jsonb_object_keys(rows.document) as found(name)
            ) as keys
            left join unnest(internal.nextclade_columns()) with ordinality as known(name, position)
                on keys.name = known.name
        )

        select internal.file_line(columns.names, E'\t') || coalesce(
            (
                select string_agg(
                    internal.file_line(
                        array(
                            select rows.document ->> cells.name
                            from unnest(columns.names) with ordinality as cells(name, position)
                            order by cells.position
                        ),
                        E'\t'
                    ),
                    '' order by rows.sample_id
                )
                from rows
            ),
            ''
        )
        from columns
    );
end
$$;

comment on function internal.export_qc_metrics(jsonb, text) is
'TSV of quality metrics, for api.export_qc_metrics, as api_writer';

revoke all on function internal.export_qc_metrics(jsonb, text) from public;
grant execute on function internal.export_qc_metrics(jsonb, text) to member;

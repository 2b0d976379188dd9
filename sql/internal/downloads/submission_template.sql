-- definer because only api_writer may look up identifiers; row-level security holds for it too, so
-- a template contains what the caller may see and nothing else.
create or replace function internal.submission_template(
    choice jsonb,
    id_style text,
    repository text,
    submitter text
)
returns text
language plpgsql
stable
security definer
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
#variable_conflict use_column
declare
    bound constant bigint := 20000;
    pathogen aspen.pathogens := internal.pathogen_of(
        internal.trimmed(submission_template.choice ->> 'pathogen'));
    found_id_style text := internal.id_style_of(submission_template.id_style);
    target record;
    column_names text[];
    titles text[];
    reasons text[];
    delimiter text;
    sample_ids bigint[];
    left_out bigint;
    names text[];
    problems json;
    lines text;
begin
    select found.name, found.prefix into target
    from internal.repository_of(pathogen.id, submission_template.repository) as found;
    select array_agg(columns.name), array_agg(columns.title), array_agg(columns.reason)
    into column_names, titles, reasons
    from internal.template_columns(target.name) as columns;
    if column_names is null then
        perform internal.fail(400, 'invalid_argument', 'There is no template for this repository',
            json_build_object('repository', target.name)::text, 'Use GISAID or GenBank.');
    end if;
    delimiter := case lower(target.name) when 'gisaid' then ',' else E'\t' end;

    -- A template needs no sequence.
    select array_agg(distinct chosen.sample_id) filter (where chosen.reason is null),
        count(*) filter (where chosen.reason is not null)
    into sample_ids, left_out
    from internal.chosen_samples(submission_template.choice, 'submission_template') as chosen;
    if cardinality(sample_ids) > bound then
        perform internal.fail(413, 'export_too_large', 'The export is too large',
            json_build_object('samples', cardinality(sample_ids), 'at_most', bound)::text,
            'Export in parts, by days or lists of samples; or a whole group with create_export.');
    end if;
    select array_agg(named.sample_id order by named.sample_id),
        array_agg(named.name order by named.sample_id)
    into sample_ids, names
    from internal.named_samples(
        sample_ids, found_id_style, target.prefix,
        internal.prefix_pattern(pathogen.id)
    ) as named;

    with rows as materialized (
        select made.sample_id, made.cells
        from internal.gisaid_rows(
            sample_ids, names, pathogen.slug, submission_template.submitter,
            internal.file_name(target.name, 'sequences.fasta')
        ) as made
        where lower(target.name) = 'gisaid'
        union all
        select made.sample_id, made.cells
        from internal.genbank_rows(sample_ids, names, pathogen.slug) as made
        where lower(target.name) = 'genbank'
    ),

    named as (
        select entries.sample_id, entries.name
        from unnest(sample_ids, names) as entries(sample_id, name)
    ),

    twins as (
        select named.name
        from named
        group by named.name
        having count(*) > 1
    ),

    found as (
        select rows.sample_id, required.position, required.name as column_name, required.reason
        from rows
        cross join unnest(column_names, reasons) with ordinality
            as required(name, reason, position)
        where required.reason is not null and nullif(rows.cells[required.position], '') is null
        union all
        select named.sample_id, 0, column_names[case when delimiter = ',' then 3 else 1 end],
            'is the name of several samples'
        from named
        where named.name in (select twins.name from twins)
    )

    select
        (
            select json_agg(
                json_build_object('sample', named.name, 'column', found.column_name,
                    'reason', found.reason)
                order by named.sample_id, found.position
            )
            from found
            inner join named on found.sample_id = named.sample_id
        ),
        (
            select string_agg(
                internal.file_line(rows.cells, delimiter), '' order by rows.sample_id)
            from rows
        )
    into problems, lines;
    if problems is not null then
        perform internal.fail(400, 'incomplete_samples',
            'The samples lack what the repository requires',
            internal.first_of_many(problems),
            'Complete the samples, the group or yourself, or leave the samples out.');
    end if;

    perform internal.describe_file(
        case delimiter when ',' then 'text/csv' else 'text/tab-separated-values' end,
        internal.file_name(
            target.name, case delimiter when ',' then 'metadata.csv' else 'metadata.tsv' end
        ),
        left_out
    );
    return internal.file_line(column_names, delimiter)
        || case when titles[1] is null then '' else internal.file_line(titles, delimiter) end
        || coalesce(lines, '');
end
$$;

comment on function internal.submission_template(jsonb, text, text, text) is
'A table for a repository, for api.submission_template, as api_writer';

revoke all on function internal.submission_template(jsonb, text, text, text) from public;
grant execute on function internal.submission_template(jsonb, text, text, text) to member;

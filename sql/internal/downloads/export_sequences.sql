-- definer because only api_writer may look up identifiers; row-level security holds for it too, so
-- an export contains what the caller may see and nothing else.
create or replace function internal.export_sequences(
    choice jsonb,
    id_style text,
    repository text
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
    -- Ten such answers at once, as many as one user may have, take two gigabytes.
    bound constant bigint := internal.most_bases_at_once();
    pathogen_id bigint := (
        internal.pathogen_of(internal.trimmed(export_sequences.choice ->> 'pathogen'))).id;
    prefix_pattern text := internal.prefix_pattern(pathogen_id);
    found_id_style text := internal.id_style_of(export_sequences.id_style);
    target record;
    sample_ids bigint[];
    left_out bigint;
    bases bigint;
begin
    select null::text as name, null::text as prefix into target;
    if export_sequences.repository is not null then
        select found.name, found.prefix into target
        from internal.repository_of(pathogen_id, export_sequences.repository) as found;
    end if;
    select array_agg(chosen.sample_id) filter (where chosen.reason is null),
        count(*) filter (where chosen.reason is not null)
    into sample_ids, left_out
    from internal.chosen_samples(export_sequences.choice, 'export_sequences') as chosen;

    -- The length of a stored text is known without reading it.
    select sum(octet_length(sequences.sequence)) into bases
    from aspen.sequences as sequences
    where sequences.sample_id = any(sample_ids);
    if bases > bound then
        perform internal.fail(413, 'export_too_large', 'The export is too large',
            json_build_object('bases', bases, 'at_most', bound)::text,
            'Export in parts, by days or lists of samples; or a whole group with create_export.');
    end if;

    perform internal.describe_file(
        'text/x-fasta', internal.file_name(target.name, 'sequences.fasta'), left_out);
    return (
        select coalesce(
            string_agg(
                internal.fasta_header(named.name, samples.restricted_until)
                || sequences.sequence || E'\n',
                '' order by named.sample_id
            ),
            ''
        )
        from internal.named_samples(
            sample_ids, found_id_style, target.prefix, prefix_pattern
        ) as named
        inner join aspen.sequences as sequences
            on named.group_id = sequences.group_id and named.sample_id = sequences.sample_id
        inner join aspen.samples as samples
            on named.sample_id = samples.id
    );
end
$$;

comment on function internal.export_sequences(jsonb, text, text) is
'FASTA for api.export_sequences, as api_writer';

revoke all on function internal.export_sequences(jsonb, text, text) from public;
grant execute on function internal.export_sequences(jsonb, text, text) to member;

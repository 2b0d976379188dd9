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
    bound constant bigint := 50000000;
    found_id_style text := internal.trimmed(export_sequences.id_style);
    repository_name text;
    repository_prefix text;
    prefixes text[];
    sample_ids bigint[];
    left_out bigint;
    letters bigint;
    full_groups bigint[] := authz.full_groups();
begin
    if found_id_style is null or found_id_style not in ('public', 'private') then
        perform internal.fail(400, 'invalid_argument', 'id_style must be public or private',
            json_build_object('id_style', left(export_sequences.id_style, 200))::text);
    end if;

    select array_agg(chosen.sample_id) filter (where chosen.reason is null),
        count(*) filter (where chosen.reason is not null)
    into sample_ids, left_out
    from internal.chosen_samples(export_sequences.choice) as chosen;

    select array_agg(known.prefix order by length(known.prefix) desc) into prefixes
    from aspen.pathogen_repositories as known
    inner join aspen.pathogens as pathogens on known.pathogen_id = pathogens.id
    where pathogens.slug = internal.trimmed(export_sequences.choice ->> 'pathogen');
    if export_sequences.repository is not null then
        select repositories.name, known.prefix into repository_name, repository_prefix
        from aspen.pathogen_repositories as known
        inner join aspen.pathogens as pathogens on known.pathogen_id = pathogens.id
        inner join aspen.public_repositories as repositories
            on known.public_repository_id = repositories.id
        where pathogens.slug = internal.trimmed(export_sequences.choice ->> 'pathogen')
            and lower(repositories.name) = lower(internal.trimmed(export_sequences.repository));
        if repository_prefix is null then
            perform internal.fail(400, 'invalid_argument',
                'The repository takes no sequences of this pathogen',
                json_build_object('repository', left(export_sequences.repository, 200))::text,
                'Use the name of one of public_repositories that has a prefix for the pathogen.');
        end if;
    end if;

    -- The length of a stored text is known without reading it.
    select sum(octet_length(sequences.sequence)) into letters
    from aspen.sequences as sequences
    where sequences.sample_id = any(sample_ids);
    if letters > bound then
        perform internal.fail(413, 'export_too_large', 'The export has too many bases',
            json_build_object('bases', letters, 'at_most', bound)::text,
            'Export in parts: by days of collection or upload, or by lists of samples.');
    end if;

    perform set_config(
        'response.headers',
        (
            coalesce(nullif(current_setting('response.headers', true), ''), '[]')::jsonb
            || jsonb_build_array(
                jsonb_build_object('Content-Type', 'text/x-fasta; charset=utf-8'),
                jsonb_build_object('Content-Disposition', 'attachment; filename="'
                    || to_char(now() at time zone 'UTC', 'YYYYMMDD') || '_'
                    || coalesce(
                        regexp_replace(repository_name, '[^A-Za-z0-9.-]', '_', 'g') || '_', ''
                    ) || 'sequences.fasta"'),
                jsonb_build_object('Samples-Left-Out', left_out::text)
            )
        )::text,
        true
    );

    return (
        select coalesce(
            string_agg(
                internal.fasta_header(coalesce(repository_prefix || '/' || coalesce((
                    select substr(named.name, length(prefix) + 2)
                    from unnest(prefixes) as prefix
                    where length(named.name) > length(prefix) + 1
                        and starts_with(lower(named.name), lower(prefix) || '/')
                    order by length(prefix) desc
                    limit 1
                ), named.name), named.name), samples.restricted_until)
                || sequences.sequence || E'\n',
                '' order by samples.id
            ),
            ''
        )
        from aspen.samples as samples
        inner join aspen.sequences as sequences
            on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
        cross join lateral (
            select case
                when found_id_style = 'private' and samples.group_id = any(full_groups)
                    then samples.private_identifier
                else samples.public_identifier
            end::text as name
        ) as named
        where samples.id = any(sample_ids)
    );
end
$$;

comment on function internal.export_sequences(jsonb, text, text) is
'FASTA for api.export_sequences, as api_writer';

revoke all on function internal.export_sequences(jsonb, text, text) from public;
grant execute on function internal.export_sequences(jsonb, text, text) to member;

-- definer because a visitor may read nothing; row-level security shows api_writer the group of the
-- link. What viewers do not see is for the group, whoever made the
-- link.
create or replace function internal.shared_sequences(token text)
returns text
language plpgsql
volatile
security definer
set search_path = ''
set plan_cache_mode = 'force_custom_plan'
as $$
declare
    -- Asked again: sequences may have become longer.
    bound constant bigint := internal.most_bases_at_once();
    link record;
    ids bigint[];
    names text[];
    bases bigint;
    body text;
begin
    select links.* into link
    from authz.open_link(shared_sequences.token, 'sequences') as links;

    select
        array_agg(samples.id order by samples.id),
        array_agg(samples.public_identifier::text order by samples.id),
        sum(octet_length(sequences.sequence))
    into ids, names, bases
    from aspen.samples as samples
    inner join aspen.sequences as sequences
        on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    where samples.id = any(link.sample_ids)
        and samples.group_id = link.group_id
        and samples.disclosed_at <= now();
    if bases > bound then
        perform internal.fail(413, 'export_too_large', 'The export has too many bases',
            json_build_object('bases', bases, 'at_most', bound)::text,
            'Ask for several links.');
    end if;
    if link.has_usher_safe_ids then
        names := internal.usher_names(ids, names);
    end if;

    perform internal.describe_file(
        'text/x-fasta',
        to_char(now() at time zone 'UTC', 'YYYYMMDD') || '_sequences.fasta',
        cardinality(link.sample_ids) - coalesce(cardinality(ids), 0)
    );
    -- What is restricted is left out above.
    select coalesce(
        string_agg(
            internal.fasta_header(given.name, null) || sequences.sequence || E'\n', ''
            order by given.id
        ),
        ''
    )
    into body
    from unnest(ids, names) as given(id, name)
    inner join aspen.sequences as sequences on given.id = sequences.sample_id
    where sequences.group_id = link.group_id;
    perform internal.note_link_use(link.link_id);
    return body;
end
$$;

comment on function internal.shared_sequences(text) is
'The FASTA of a link for api.shared_sequences, as api_writer';

revoke all on function internal.shared_sequences(text) from public;
grant execute on function internal.shared_sequences(text) to anon, member;

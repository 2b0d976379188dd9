-- definer because only api_writer may look up identifiers and write links; row-level security
-- applies to it as well. A link leads to samples of one group only, so that this group sees and
-- revokes every link to its sequences.
create or replace function internal.share_sequences(
    group_id bigint,
    pathogen text,
    samples json,
    is_usher_safe boolean,
    hours integer
)
returns table (
    id bigint,
    kind text,
    token text,
    path text,
    url text,
    expires_at timestamptz
)
language plpgsql
rows 1
volatile
security definer
set search_path = ''
as $$
#variable_conflict use_column
declare
    bound constant bigint := internal.most_bases_at_once();
    only_pathogen_id bigint;
    identifiers text[] := internal.parse_words_list(share_sequences.samples);
    own_group bigint[] := array[share_sequences.group_id];
    unknown_samples json;
    ambiguous_samples json;
    private_samples json;
    bare_samples json;
    found_ids bigint[];
    bases bigint;
begin
    perform authz.require_member(
        share_sequences.group_id, 'You cannot share sequences of this group', 'full');
    perform internal.check_hours(share_sequences.hours, 24);
    if share_sequences.is_usher_safe is null or identifiers is null
        or array_position(identifiers, null) is not null
        or cardinality(identifiers) not between 1 and 20000
    then
        perform internal.fail(400, 'invalid_argument', 'The link is invalid', (
            select json_agg(json_build_object('field', found.field, 'reason', found.reason))::text
            from (
                values
                ('is_usher_safe', share_sequences.is_usher_safe is null, 'must be true or false'),
                ('samples', identifiers is null or array_position(identifiers, null) is not null
                    or cardinality(identifiers) not between 1 and 20000,
                    'must be an array of 1 to 20,000 identifiers without null')
            ) as found(field, is_wrong, reason)
            where found.is_wrong
        ));
    end if;
    only_pathogen_id := (internal.pathogen_of(share_sequences.pathogen)).id;

    with matched as materialized (
        select matches.identifier, matches.sample_id
        from internal.match_identifiers(
            share_sequences.group_id, only_pathogen_id, identifiers, own_group, own_group,
            own_group
        ) as matches
    ),

    described as materialized (
        select
            matched.identifier,
            matched.sample_id,
            samples.disclosed_at > now() as is_hidden,
            samples.public_identifier,
            octet_length(sequences.sequence) as length,
            count(*) over (partition by matched.identifier) as candidates
        from matched
        inner join aspen.samples as samples on matched.sample_id = samples.id
        left join aspen.sequences as sequences
            on samples.group_id = sequences.group_id and samples.id = sequences.sample_id
    )

    select
        (
            select json_agg(left(unknown.identifier, 200) order by unknown.identifier)
            from (
                select given.identifier from unnest(identifiers) as given(identifier)
                except
                select matched.identifier from matched
            ) as unknown
        ),
        (
            select
                json_agg(json_build_object('identifier', left(ambiguous.identifier, 200),
                    'candidates', ambiguous.candidates) order by ambiguous.identifier)
            from (
                select
                    described.identifier,
                    json_agg(json_build_object('group_id', share_sequences.group_id, 'sample_id',
                        described.sample_id, 'public_identifier', described.public_identifier)
                        order by described.sample_id) as candidates
                from described
                where described.candidates > 1
                group by described.identifier
            ) as ambiguous
        ),
        (
            select json_agg(left(described.identifier, 200) order by described.identifier)
            from described
            where described.is_hidden
        ),
        (
            select json_agg(left(described.identifier, 200) order by described.identifier)
            from described
            where described.length is null
        ),
        (select array_agg(distinct described.sample_id) from described),
        (
            select sum(lengths.length)
            from (select distinct described.sample_id, described.length from described) as lengths
        )
    into unknown_samples, ambiguous_samples, private_samples, bare_samples, found_ids, bases;
    if unknown_samples is not null then
        perform internal.fail(400, 'unknown_samples', 'Some samples are not known',
            internal.first_of_many(unknown_samples),
            'Use identifiers of samples of the group.');
    end if;
    if ambiguous_samples is not null then
        perform internal.fail(400, 'ambiguous_samples', 'Some identifiers stand for several samples',
            internal.first_of_many(ambiguous_samples),
            'Name each by an identifier that no other sample has.');
    end if;
    if private_samples is not null then
        perform internal.fail(400, 'private_samples', 'Some samples are private or restricted',
            internal.first_of_many(private_samples),
            'Leave them out, or change is_private or restricted_until first.');
    end if;
    if bare_samples is not null then
        perform internal.fail(400, 'samples_without_sequence', 'Some samples have no sequence',
            internal.first_of_many(bare_samples),
            'Upload their sequences first, or leave them out.');
    end if;
    if bases > bound then
        perform internal.fail(413, 'export_too_large', 'The export has too many bases',
            json_build_object('bases', bases, 'at_most', bound)::text,
            'Share them in several links.');
    end if;

    return query
    select links.*
    from internal.make_link(
        share_sequences.group_id, null, found_ids, share_sequences.is_usher_safe,
        share_sequences.hours
    ) as links;
end
$$;

comment on function internal.share_sequences(bigint, text, json, boolean, integer) is
'Make a link to sequences for api.share_sequences, as api_writer';

revoke all on function internal.share_sequences(bigint, text, json, boolean, integer) from public;
grant execute on function internal.share_sequences(bigint, text, json, boolean, integer) to member;

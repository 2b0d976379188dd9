-- samples and lineages are JSON, because a number where the request needs a text would arrive as a
-- text; days are texts, because PostgreSQL would also read 3/4/21.
create or replace function api.export_sequences(
    pathogen text,
    group_id bigint default null,
    samples json default null,
    lineages json default null,
    collected_from text default null,
    collected_to text default null,
    uploaded_from text default null,
    uploaded_to text default null,
    location_id bigint default null,
    id_style text default 'public',
    repository text default null
)
returns api."*/*"
language sql
stable
security invoker
set statement_timeout = '30s'
begin atomic
    select internal.export_sequences(
        jsonb_build_object(
            'pathogen', export_sequences.pathogen,
            'group_id', export_sequences.group_id,
            'samples', export_sequences.samples,
            'lineages', export_sequences.lineages,
            'collected_from', export_sequences.collected_from,
            'collected_to', export_sequences.collected_to,
            'uploaded_from', export_sequences.uploaded_from,
            'uploaded_to', export_sequences.uploaded_to,
            'location_id', export_sequences.location_id
        ),
        export_sequences.id_style,
        export_sequences.repository
    );
end;

comment on function api.export_sequences(
    text, bigint, json, json, text, text, text, text, bigint,
    text, text
) is $$FASTA of chosen samples, as a file

pathogen: a slug. samples: an array of at most 20,000 public identifiers of samples that you see, or
private ones where you may see them; the prefix of a repository is optional, and the samples of
group_id come first. Without samples, the export is of all that you see and that match every filter:
group_id (the owner), lineages (what lineage_filters lists; BA.2 and BA.2* both include BA.2.86),
collected_from to collected_to and uploaded_from to uploaded_to (days YYYY-MM-DD, both included; of
upload in UTC) and location_id (with the places inside it). id_style: public (default) or private,
which names the samples of groups where you are member or admin, directly or by a grant, by their
private identifier. repository: a name such as GISAID; every name then begins with its prefix for
the pathogen, instead of that of another repository.

Sequences are for members and admins. Records are in the order of sample ids. While a sample is
restricted, restricted_until=YYYY-MM-DD follows the name. The header
Samples-Left-Out counts what is missing; samples_left_out names it. Errors: 400 invalid_argument,
400 unknown_pathogen, 413 export_too_large (more than 30,000,000 bases).$$;

revoke all on function api.export_sequences(
    text, bigint, json, json, text, text, text, text, bigint,
    text, text
) from public;
grant execute on function api.export_sequences(
    text, bigint, json, json, text, text, text, text, bigint,
    text, text
) to member;

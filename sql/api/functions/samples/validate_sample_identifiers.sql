-- Returns one value, because an answer of rows ends after 1,000. identifiers is JSON, because a
-- number where the request needs a text would arrive as a text.
create or replace function api.validate_sample_identifiers(
    pathogen text,
    identifiers json,
    group_id bigint default null
)
returns json
language sql
stable
security invoker
begin atomic
    select internal.validate_sample_identifiers(
        internal.trimmed(validate_sample_identifiers.pathogen),
        internal.parse_words_list(validate_sample_identifiers.identifiers),
        validate_sample_identifiers.group_id
    );
end;

comment on function api.validate_sample_identifiers(text, json, bigint) is
$$Tell which samples identifiers stand for

pathogen: a slug, like SC2. identifiers: an array of at most 20,000 texts: public identifiers of
samples that you see, private identifiers where you may see them, strain names and accessions of the
pathogen's repository, as create_phylo_run reads them. The prefix of a repository such as hCoV-19/ is
optional, in any case; the rest is compared exactly. group_id: a group that you see, whose samples
come first; without it, the samples of all groups count alike. Returns, in the given order and each
identifier once, [{identifier, status, found_by, group_id, sample_id, public_identifier, strain,
candidates}]. status: found, ambiguous (several samples have it: candidates lists their group_id,
sample_id and public_identifier) or unknown. found_by: public_identifier, private_identifier, strain
or accession. strain: the published sequence that it stands for. What does not apply is null. A
sample that you may not see is unknown. Errors: 400 unknown_pathogen, invalid_argument; 403
group_access_denied; 413 batch_too_large.$$;

revoke all on function api.validate_sample_identifiers(text, json, bigint) from public;
grant execute on function api.validate_sample_identifiers(text, json, bigint) to member;

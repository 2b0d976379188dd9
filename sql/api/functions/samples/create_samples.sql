-- The batch may have 300 MB: a custom plan would contain it as a constant, copied several times.
create or replace function api.create_samples(
    group_id bigint,
    pathogen text,
    samples json,
    on_conflict text default 'error'
)
returns json
language sql
volatile
security invoker
set statement_timeout = '120s'
set plan_cache_mode = 'force_generic_plan'
begin atomic
    select internal.create_samples(
        create_samples.group_id, create_samples.pathogen, create_samples.samples,
        create_samples.on_conflict
    );
end;

comment on function api.create_samples(bigint, text, json, text) is
$$Create samples with their sequences

All or nothing. group_id: a group where you are directly member or admin. pathogen: a slug, like
SC2. samples: an array of at most 100,000 objects with the columns of samples (private_identifier,
collection_date and location_id are required; an empty public_identifier is generated) and of
sequences (sequence, sequencing_date, sequencing_depth), written as in a POST to them; the last two
need a sequence, in the entry or stored. Instead of location_id, region, country, division and
location may name the location; it is created, with those that contain it, if it does not exist.
on_conflict says what happens to a private_identifier that the group already has: error (default),
skip, or update. With update, a column that a row names is replaced, null clears it, and a column that
it does not name stays, so the required columns are required of new samples only. A sequence (see
DELETE of sequences) and a public_identifier are not cleared. A new or changed sequence queues the
lineage and QC jobs of the pathogen. Returns, in the given order, [{id, private_identifier,
public_identifier, outcome, has_sequence}]: outcome is created, updated or skipped, has_sequence
whether the sample has a sequence now. Errors name every row in details: 400 invalid_sample,
invalid_sequence, unknown_pathogen, empty_batch, invalid_argument; 403 group_access_denied; 409
sample_exists; 413 batch_too_large, group_limit_exceeded.$$;

revoke all on function api.create_samples(bigint, text, json, text) from public;
grant execute on function api.create_samples(bigint, text, json, text) to member;

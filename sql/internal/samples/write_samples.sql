-- The one statement that changes samples, for api.create_samples and for PATCH. The caller has
-- locked the rows, so what a row holds now is what it holds when it is written; columns that a
-- change does not name keep that.
-- The rows are found by their ids and joined by hashing, because a table that was vacuumed before
-- its first rows were committed counts as empty: a nested loop then compares each row with each
-- change.
create or replace function internal.write_samples(changes jsonb[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
set enable_nestloop = 'off'
set enable_hashjoin = 'on'
set enable_mergejoin = 'off'
as $$
declare
    ids bigint[] := array(
        select (given.cells ->> 'id')::bigint from unnest(changes) as given(cells)
    );
begin
    update aspen.samples as samples
    set
        pathogen_id = (changed.sample).pathogen_id,
        location_id = (changed.sample).location_id,
        is_private = (changed.sample).is_private,
        private_identifier = (changed.sample).private_identifier,
        public_identifier = (changed.sample).public_identifier,
        collection_date = (changed.sample).collection_date,
        sample_collected_by = (changed.sample).sample_collected_by,
        sample_collector_contact_email = (changed.sample).sample_collector_contact_email,
        sample_collector_contact_address = (changed.sample).sample_collector_contact_address,
        authors = (changed.sample).authors,
        organism = (changed.sample).organism,
        host = (changed.sample).host,
        purpose_of_sampling = (changed.sample).purpose_of_sampling,
        specimen_processing = (changed.sample).specimen_processing,
        restricted_until = (changed.sample).restricted_until
    from (
        select jsonb_populate_record(known.stored, change.cells) as sample
        from (
            select (given.cells ->> 'id')::bigint as id, given.cells
            from unnest(changes) as given(cells)
            offset 0
        ) as change
        cross join lateral (
            select stored
            from aspen.samples as stored
            where stored.id = change.id
            offset 0
        ) as known
        offset 0
    ) as changed
    where samples.id = (changed.sample).id and samples.id = any(ids);
end
$$;

comment on function internal.write_samples(jsonb[]) is $$Write columns of samples that are locked

changes: {id, column: value} each.$$;

revoke all on function internal.write_samples(jsonb[]) from public;
grant execute on function internal.write_samples(jsonb[]) to api_writer;

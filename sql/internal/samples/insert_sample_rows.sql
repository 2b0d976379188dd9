-- The one statement that inserts samples, for POST, batches and restore_samples.
create or replace function internal.insert_sample_rows(samples aspen.samples[])
returns bigint[]
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    stored_ids bigint[];
begin
    with stored as (
        insert into aspen.samples (
            id, group_id, pathogen_id, uploaded_by_id, location_id, is_private,
            private_identifier, public_identifier, collection_date, sample_collected_by,
            sample_collector_contact_email, sample_collector_contact_address, authors, organism,
            host, purpose_of_sampling, specimen_processing, restricted_until, created_at
        )
        select
            given.id, given.group_id, given.pathogen_id, given.uploaded_by_id, given.location_id,
            given.is_private, given.private_identifier, given.public_identifier,
            given.collection_date, given.sample_collected_by,
            given.sample_collector_contact_email, given.sample_collector_contact_address,
            given.authors, given.organism, given.host, given.purpose_of_sampling,
            given.specimen_processing, given.restricted_until, given.created_at
        from unnest(samples) as given
        on conflict do nothing
        returning id
    )

    select coalesce(array_agg(stored.id), '{}') into stored_ids
    from stored;
    return stored_ids;
end
$$;

comment on function internal.insert_sample_rows(aspen.samples[]) is
$$Insert samples, but for those whose identifier is taken in their group

In the order given. Returns the ids of those stored.$$;

revoke all on function internal.insert_sample_rows(aspen.samples[]) from public;
grant execute on function internal.insert_sample_rows(aspen.samples[]) to api_writer;

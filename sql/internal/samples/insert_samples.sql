-- The one statement that stores new samples, for api.create_samples and for POST. created_at and
-- updated_at are left to the table. The caller draws the ids and decides what a missing row means.
create or replace function internal.insert_samples(rows_to_store aspen.samples[])
returns setof aspen.samples
language plpgsql
rows 10
volatile
security invoker
set search_path = ''
as $$
#variable_conflict use_column
begin
    return query
    insert into aspen.samples (
        id, group_id, pathogen_id, uploaded_by_id, location_id, is_private, private_identifier,
        public_identifier, collection_date, sample_collected_by, sample_collector_contact_email,
        sample_collector_contact_address, authors, organism, host, purpose_of_sampling,
        specimen_processing
    )
    select
        given.id, given.group_id, given.pathogen_id, given.uploaded_by_id, given.location_id,
        given.is_private, given.private_identifier, given.public_identifier, given.collection_date,
        given.sample_collected_by, given.sample_collector_contact_email,
        given.sample_collector_contact_address, given.authors, given.organism, given.host,
        given.purpose_of_sampling, given.specimen_processing
    from unnest(rows_to_store) as given
    on conflict do nothing
    returning samples.*;
end
$$;

comment on function internal.insert_samples(aspen.samples[]) is $$Store new samples and return those that were stored

Leaves out a sample whose identifier exists in its group.$$;

revoke all on function internal.insert_samples(aspen.samples[]) from public;
grant execute on function internal.insert_samples(aspen.samples[]) to api_writer;

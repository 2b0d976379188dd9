-- All batches lock in one order, that of the private identifiers, first existing samples and then
-- new ones: so no two of them wait for each other.
create or replace function internal.store_sample_rows(inputs internal.sample_input[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
as $$
declare
    changes jsonb[] := array(
        select input.cells from unnest(inputs) as input where input.outcome = 'updated'
    );
    new_samples aspen.samples[] := array(
        select input.sample
        from unnest(inputs) as input
        where input.outcome = 'created'
        order by (input.sample).private_identifier collate "C"
    );
    locked_count bigint;
begin
    if cardinality(changes) > 0 then
        select count(*) into locked_count
        from (
            select (input.sample).id, (input.sample).private_identifier
            from unnest(inputs) as input
            where input.outcome = 'updated'
            order by (input.sample).private_identifier collate "C"
        ) as wanted
        cross join lateral (
            select samples.id
            from aspen.samples as samples
            where samples.id = wanted.id
                -- Checked again where the row was changed in the meantime.
                and samples.private_identifier = wanted.private_identifier
            for no key update
        ) as locked;
        if locked_count < cardinality(changes) then
            raise sqlstate '55000' using
                message = 'A sample of the batch was deleted or renamed in the meantime';
        end if;
    end if;
    insert into aspen.samples (
        id, group_id, pathogen_id, uploaded_by_id, location_id, is_private, private_identifier,
        public_identifier, collection_date, sample_collected_by, sample_collector_contact_email,
        sample_collector_contact_address, authors, organism, host, purpose_of_sampling,
        specimen_processing, restricted_until
    )
    select
        given.id, given.group_id, given.pathogen_id, given.uploaded_by_id, given.location_id,
        given.is_private, given.private_identifier, given.public_identifier, given.collection_date,
        given.sample_collected_by, given.sample_collector_contact_email,
        given.sample_collector_contact_address, given.authors, given.organism, given.host,
        given.purpose_of_sampling, given.specimen_processing, given.restricted_until
    from unnest(new_samples) as given;
    if cardinality(changes) > 0 then
        perform internal.write_samples(changes);
    end if;
end
$$;

comment on function internal.store_sample_rows(internal.sample_input[]) is $$Store the samples of a batch that has no problems

Fails with 55000 where another request deleted or renamed one since the batch was read.$$;

revoke all on function internal.store_sample_rows(internal.sample_input[]) from public;
grant execute on function internal.store_sample_rows(internal.sample_input[]) to api_writer;

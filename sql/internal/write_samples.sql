-- An identifier that is taken ends the statement of many rows; then they are written one by one, to
-- name the first that meets it. Runs as the trigger that calls it, so row-level security holds.
create or replace function internal.write_samples(changes json, named text[])
returns void
language plpgsql
volatile
security invoker
set search_path = ''
set plan_cache_mode = 'force_generic_plan'
-- A plan made while the table was empty would read it from end to end.
set enable_seqscan = 'off'
as $$
declare
    change json;
begin
    update aspen.samples as samples
    set
        pathogen_id = case when 'pathogen_id' = any(named)
            then changes.pathogen_id else samples.pathogen_id end,
        location_id = case when 'location_id' = any(named)
            then changes.location_id else samples.location_id end,
        is_private = case when 'is_private' = any(named)
            then changes.is_private else samples.is_private end,
        private_identifier = case when 'private_identifier' = any(named)
            then changes.private_identifier else samples.private_identifier end,
        public_identifier = case when 'public_identifier' = any(named)
            then changes.public_identifier else samples.public_identifier end,
        collection_date = case when 'collection_date' = any(named)
            then changes.collection_date else samples.collection_date end,
        sample_collected_by = case when 'sample_collected_by' = any(named)
            then changes.sample_collected_by else samples.sample_collected_by end,
        sample_collector_contact_email = case when 'sample_collector_contact_email' = any(named)
            then changes.sample_collector_contact_email else samples.sample_collector_contact_email end,
        sample_collector_contact_address = case when 'sample_collector_contact_address' = any(named)
            then changes.sample_collector_contact_address else samples.sample_collector_contact_address end,
        authors = case when 'authors' = any(named)
            then changes.authors else samples.authors end,
        organism = case when 'organism' = any(named)
            then changes.organism else samples.organism end,
        host = case when 'host' = any(named)
            then changes.host else samples.host end,
        purpose_of_sampling = case when 'purpose_of_sampling' = any(named)
            then changes.purpose_of_sampling else samples.purpose_of_sampling end,
        specimen_processing = case when 'specimen_processing' = any(named)
            then changes.specimen_processing else samples.specimen_processing end
    from json_to_recordset(changes) as changes(
        id bigint, pathogen_id bigint, location_id bigint, is_private boolean,
        private_identifier text, public_identifier text, collection_date date,
        sample_collected_by text, sample_collector_contact_email text,
        sample_collector_contact_address text, authors text[], organism text, host text,
        purpose_of_sampling text, specimen_processing text
    )
    where samples.id = changes.id;
exception when unique_violation then
    if json_array_length(changes) > 1 then
        for change in select changed.value from json_array_elements(changes) as changed loop
            perform internal.write_samples(json_build_array(change), named);
        end loop;
    else
        perform internal.fail(409, 'sample_exists',
            'Nothing was changed: an identifier already exists in this group',
            (
                select json_agg(json_build_object(
                    'id', samples.id,
                    'private_identifier',
                    coalesce(changes -> 0 ->> 'private_identifier', samples.private_identifier),
                    'public_identifier',
                    coalesce(changes -> 0 ->> 'public_identifier', samples.public_identifier)
                ))
                from aspen.samples as samples
                where samples.id = (changes -> 0 ->> 'id')::bigint
            )::text);
    end if;
end
$$;

comment on function internal.write_samples(json, text[]) is
$$Writes named columns of samples that update_sample has locked

changes: [{id, column: value}]. Errors: 409 sample_exists.$$;

revoke all on function internal.write_samples(json, text[]) from public;
grant execute on function internal.write_samples(json, text[]) to api_writer;

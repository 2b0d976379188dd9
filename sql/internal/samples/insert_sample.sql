-- A row with problems is noted, not stored, and internal.raise_sample_problems ends the statement,
-- naming all of them. Whether an identifier exists is not looked up for each row: the insert finds
-- out, and the end of the statement looks up which. definer because members have no write privilege
-- on aspen.samples; row-level security holds for api_writer too.
create or replace function internal.insert_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds a row by its key; planning it anew for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    row_number integer
        := coalesce(nullif(current_setting('aspen.sample_rows', true), ''), '0')::integer + 1;
    given jsonb := to_jsonb(new);
    noted jsonb := '[]';
    problems jsonb;
    pathogen aspen.pathogens;
    sample aspen.samples;
    stored aspen.samples;
begin
    -- Twice as many can be stored within the time limit of a request.
    if row_number > 10000 then
        perform internal.fail(413, 'batch_too_large', 'A POST has at most 10000 samples', null,
            'Send them in parts, or all to create_samples.');
    end if;
    perform set_config('aspen.sample_rows', row_number::text, true);
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        noted := internal.noted_problems(given);
    end if;
    if new.group_id is not null and not noted @> '[{"field": "group_id"}]' then
        perform authz.require_member(new.group_id, 'You cannot create samples in this group');
    end if;

    select pathogens.* into pathogen
    from aspen.pathogens as pathogens
    where pathogens.id = new.pathogen_id;
    sample := jsonb_populate_record(
        internal.new_sample(new.group_id, pathogen),
        jsonb_strip_nulls(given) - array['id', 'uploaded_by_id', 'created_at', 'updated_at',
            'disclosed_at',
            -- No authors are those that the server sets.
            case given -> 'authors' when '[]' then 'authors' else 'id' end]
    );
    problems := internal.sample_row_problems(sample, noted);
    if problems is null then
        sample.id := nextval('aspen.samples_id_seq');
        insert into aspen.samples (
            id, group_id, pathogen_id, uploaded_by_id, location_id, is_private, private_identifier,
            public_identifier, collection_date, sample_collected_by, sample_collector_contact_email,
            sample_collector_contact_address, authors, organism, host, purpose_of_sampling,
            specimen_processing, restricted_until
        )
        values (
            sample.id, sample.group_id, sample.pathogen_id, sample.uploaded_by_id, sample.location_id,
            sample.is_private, sample.private_identifier, sample.public_identifier, sample.collection_date,
            sample.sample_collected_by, sample.sample_collector_contact_email,
            sample.sample_collector_contact_address, sample.authors, sample.organism, sample.host,
            sample.purpose_of_sampling, sample.specimen_processing, sample.restricted_until
        )
        on conflict do nothing
        returning * into stored;
        if stored.id is null then
            problems := jsonb_build_object('taken_in_group', new.group_id,
                'public_identifier', new.public_identifier);
        end if;
    end if;
    if problems is not null then
        perform internal.note_sample_problems(row_number, coalesce(
            jsonb_path_query_first(noted, '$[*] ? (@.field == "private_identifier").value') #>> '{}',
            new.private_identifier
        ), problems);
        return null;
    end if;

    new.id := stored.id;
    new.uploaded_by_id := stored.uploaded_by_id;
    new.is_private := stored.is_private;
    new.public_identifier := stored.public_identifier;
    new.sample_collected_by := stored.sample_collected_by;
    new.sample_collector_contact_address := stored.sample_collector_contact_address;
    new.authors := stored.authors;
    new.organism := stored.organism;
    new.created_at := stored.created_at;
    new.updated_at := stored.updated_at;
    new.disclosed_at := stored.disclosed_at;
    return new;
end
$$;

comment on function internal.insert_sample() is $$Trigger: store a sample posted to api.samples

Errors: 403 group_access_denied, 400 invalid_sample.$$;

revoke all on function internal.insert_sample() from public;

-- A row with problems is not stored but noted, and internal.raise_sample_problems ends the
-- statement naming them all. Whether an identifier is taken is not looked up for each row: the
-- insert says that it is, and the end of the statement which. definer because members have no write
-- privilege on aspen.samples; row-level security holds for api_writer too.
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
    noted jsonb := '[]';
    problems jsonb;
    stored aspen.samples;
begin
    -- Twice as many are stored within the time of a request.
    if row_number > 20000 then
        perform internal.fail(413, 'batch_too_large', 'A POST has at most 20000 samples', null,
            'Send them in parts, or all to create_samples.');
    end if;
    perform set_config('aspen.sample_rows', row_number::text, true);
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        noted := internal.noted_problems(to_jsonb(new));
    end if;
    if new.group_id is not null and not noted @> '[{"field": "group_id"}]'
        and (new.group_id = any(nullif(current_setting('aspen.member_groups', true),
        '')::bigint[])) is not true
    then
        perform internal.fail(403, 'group_access_denied', 'You cannot create samples in this group',
            json_build_object('group_id', new.group_id)::text,
                'A direct role of member or admin is needed.');
    end if;

    select jsonb_agg(jsonb_build_object(
        'field', problem.field,
        'value', problem.value,
        'reason', problem.reason
    ))
    into problems
    from (
        select 'group_id' as field, null as value, 'is required' as reason
        where new.group_id is null
        union all
        select checks.field, checks.value, checks.reason
        from internal.sample_problems(new.private_identifier, new.public_identifier,
            new.collection_date, new.sample_collected_by, new.sample_collector_contact_email,
            new.sample_collector_contact_address, new.authors, new.organism, new.host,
            new.purpose_of_sampling, new.specimen_processing) as checks
        union all
        select 'pathogen_id', new.pathogen_id::text, 'is not the id of a pathogen'
        where not exists (select from aspen.pathogens
            as pathogens where pathogens.id = new.pathogen_id)
        union all
        select 'location_id', new.location_id::text, 'is not the id of a location'
        where not exists (select from aspen.locations
            as locations where locations.id = new.location_id)
    ) as problem;
    if noted <> '[]' then
        problems := internal.merged_problems(noted, problems);
    end if;

    if problems is null then
        insert into aspen.samples (
            group_id, pathogen_id, uploaded_by_id, location_id, is_private,
            private_identifier, public_identifier, collection_date,
            sample_collected_by, sample_collector_contact_email, sample_collector_contact_address,
            authors, organism, host, purpose_of_sampling, specimen_processing
        )
        select
            new.group_id, pathogens.id, nullif(current_setting('aspen.user_id', true), '')::bigint,
            new.location_id, coalesce(new.is_private, false),
            new.private_identifier, new.public_identifier, new.collection_date,
            new.sample_collected_by, new.sample_collector_contact_email,
            new.sample_collector_contact_address,
            coalesce(new.authors, '{}'), coalesce(new.organism, pathogens.organism), new.host,
            new.purpose_of_sampling, new.specimen_processing
        from aspen.pathogens as pathogens
        where pathogens.id = new.pathogen_id
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
    new.authors := stored.authors;
    new.organism := stored.organism;
    new.created_at := stored.created_at;
    new.updated_at := stored.updated_at;
    return new;
end
$$;

comment on function internal.insert_sample() is $$Trigger: stores a sample posted to api.samples

Errors: 403 group_access_denied, 400 invalid_sample.$$;

revoke all on function internal.insert_sample() from public;

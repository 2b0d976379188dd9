-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.update_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds a row by its key; planning it anew for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    problems json;
    stored aspen.samples;
begin
    if (old.group_id = any(nullif(current_setting('aspen.full_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot change samples of this group',
            json_build_object('group_id', old.group_id)::text,
                'A role of member or admin is needed.');
    end if;
    if (new.id, new.group_id, new.uploaded_by_id, new.created_at, new.updated_at)
        is distinct from (old.id, old.group_id, old.uploaded_by_id, old.created_at, old.updated_at)
    then
        perform internal.fail(400, 'read_only_column',
            'id, group_id, uploaded_by_id and the timestamps cannot be set',
            json_build_object('id', old.id)::text);
    end if;

    select json_agg(json_build_object(
        'id', old.id, 'field', problem.field, 'value', problem.value, 'reason', problem.reason
    ))
    into problems
    from (
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
        union all
        select 'is_private', null, 'must be true or false'
        where new.is_private is null
    ) as problem;
    if problems is not null then
        perform internal.fail(400, 'invalid_sample', 'Nothing was changed: a sample is not usable',
            problems::text);
    end if;

    update aspen.samples as samples
    set
        pathogen_id = new.pathogen_id,
        location_id = new.location_id,
        is_private = new.is_private,
        private_identifier = new.private_identifier,
        public_identifier = new.public_identifier,
        collection_date = new.collection_date,
        sample_collected_by = new.sample_collected_by,
        sample_collector_contact_email = new.sample_collector_contact_email,
        sample_collector_contact_address = new.sample_collector_contact_address,
        authors = coalesce(new.authors, '{}'),
        organism = new.organism,
        host = new.host,
        purpose_of_sampling = new.purpose_of_sampling,
        specimen_processing = new.specimen_processing
    where samples.id = old.id
    returning samples.* into stored;
    -- Gone meanwhile: as if it had not been found.
    if stored.id is null then
        return null;
    end if;

    new.public_identifier := stored.public_identifier;
    new.authors := stored.authors;
    new.updated_at := stored.updated_at;
    return new;
exception when unique_violation then
    perform internal.fail(409, 'sample_exists',
        'Nothing was changed: an identifier already exists in this group',
        json_build_array(json_build_object(
            'id', old.id,
            'private_identifier', new.private_identifier,
            'public_identifier', new.public_identifier
        ))::text);
    return null;
end
$$;

comment on function internal.update_sample() is $$Trigger: changes a sample through api.samples

An empty public identifier is generated anew. Errors: 403 group_access_denied, 400 read_only_column,
invalid_sample, 409 sample_exists.$$;

revoke all on function internal.update_sample() from public;

grant create on schema internal to api_writer;
alter function internal.update_sample() owner to api_writer;
revoke create on schema internal from api_writer;

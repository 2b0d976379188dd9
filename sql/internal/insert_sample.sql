-- A row with problems is not stored but noted, and internal.raise_sample_problems ends the
-- statement naming them all. The noted text goes into one fixed setting that nothing but that
-- trigger reads. definer because members have no write privilege on aspen.samples; row-level
-- security holds for api_writer too.
create or replace function internal.insert_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
declare
    problems jsonb;
    stored aspen.samples;
begin
    if (new.group_id = any(nullif(current_setting('aspen.member_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot create samples in this group',
            json_build_object('group_id', new.group_id)::text,
                'A direct role of member or admin is needed.');
    end if;

    select jsonb_agg(jsonb_build_object(
        'private_identifier', new.private_identifier,
        'field', problem.field,
        'value', problem.value,
        'reason', problem.reason
    ))
    into problems
    from (
        select checks.field, checks.value, checks.reason
        from internal.sample_problems(new.private_identifier, new.public_identifier,
            new.collection_date) as checks
        union all
        select 'pathogen_id', new.pathogen_id::text, 'is not the id of a pathogen'
        where not exists (select from aspen.pathogens
            as pathogens where pathogens.id = new.pathogen_id)
        union all
        select 'location_id', new.location_id::text, 'is not the id of a location'
        where not exists (select from aspen.locations
            as locations where locations.id = new.location_id)
        union all
        select 'private_identifier', new.private_identifier, 'already exists in this group'
        where exists (
            select from aspen.samples as samples
            where samples.group_id = new.group_id
                and samples.private_identifier = new.private_identifier
        )
        union all
        select 'public_identifier', new.public_identifier, 'already exists in this group'
        where exists (
            select from aspen.samples as samples
            where samples.group_id = new.group_id
                and samples.public_identifier = new.public_identifier
        )
    ) as problem;
    if problems is not null then
        perform set_config('aspen.sample_problems',
            concat_ws(',', nullif(current_setting('aspen.sample_problems', true), ''),
                substr(problems::text, 2, length(problems::text) - 2)), true);
        return null;
    end if;

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
    returning * into stored;

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

grant create on schema internal to api_writer;
alter function internal.insert_sample() owner to api_writer;
revoke create on schema internal from api_writer;

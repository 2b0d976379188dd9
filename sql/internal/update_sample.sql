-- Writes the columns that the statement names and no others: old and new are the row as the
-- statement found it, and another request may have changed it since. Locking the row waits for that
-- request and reads the row again, so what is not named stays as it is by then. A row is only
-- locked when its turn comes, and noted; some at a time are written by one statement, which costs a
-- quarter of one for each. The trigger at the end of the statement writes the last.
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
    named text[] := string_to_array(current_setting('aspen.named_columns', true), ',');
    noted jsonb := '[]';
    problems jsonb;
    rows_to_write text := coalesce(current_setting('aspen.samples_to_write', true), '');
    found_id bigint;
begin
    if tg_level = 'STATEMENT' then
        if rows_to_write <> '' then
            perform internal.write_samples(('[' || rows_to_write || ']')::json, named);
            perform set_config('aspen.samples_to_write', '', true);
        end if;
        return null;
    end if;
    if (old.group_id = any(nullif(current_setting('aspen.full_groups', true),
        '')::bigint[])) is not true then
        perform internal.fail(403, 'group_access_denied', 'You cannot change samples of this group',
            json_build_object('group_id', old.group_id)::text,
                'A role of member or admin is needed.');
    end if;
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        noted := internal.noted_problems(to_jsonb(new));
    end if;
    if noted = '[]' and (new.id, new.group_id, new.uploaded_by_id, new.created_at, new.updated_at)
        is distinct from (old.id, old.group_id, old.uploaded_by_id, old.created_at, old.updated_at)
    then
        perform internal.fail(400, 'read_only_column',
            'id, group_id, uploaded_by_id and the timestamps cannot be set',
            json_build_object('id', old.id)::text);
    end if;

    select jsonb_agg(jsonb_build_object(
        'field', problem.field, 'value', problem.value, 'reason', problem.reason
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
        where 'pathogen_id' = any(named) and not exists (select from aspen.pathogens
            as pathogens where pathogens.id = new.pathogen_id)
        union all
        select 'location_id', new.location_id::text, 'is not the id of a location'
        where 'location_id' = any(named) and not exists (select from aspen.locations
            as locations where locations.id = new.location_id)
        union all
        select 'is_private', null, 'must be true or false'
        where new.is_private is null
    ) as problem;
    if noted <> '[]' then
        problems := internal.merged_problems(noted, problems);
    end if;
    if problems is not null then
        perform internal.fail(400, 'invalid_sample', 'Nothing was changed: a sample is not usable', (
            select json_agg(json_build_object(
                'id', old.id, 'field', problem.field, 'value', problem.value,
                'reason', problem.reason
            ))
            from jsonb_to_recordset(problems) as problem(field text, value text, reason text)
        )::text);
    end if;

    -- What others refer to takes the stronger lock, at once.
    if named && array['is_private', 'private_identifier', 'public_identifier'] then
        perform from aspen.samples as samples where samples.id = old.id for update;
    end if;
    select
        samples.id,
        case when 'pathogen_id' = any(named)
            then new.pathogen_id else samples.pathogen_id end,
        case when 'location_id' = any(named)
            then new.location_id else samples.location_id end,
        case when 'is_private' = any(named)
            then new.is_private else samples.is_private end,
        case when 'private_identifier' = any(named)
            then new.private_identifier else samples.private_identifier end,
        case when 'public_identifier' = any(named)
            then new.public_identifier else samples.public_identifier end,
        case when 'collection_date' = any(named)
            then new.collection_date else samples.collection_date end,
        case when 'sample_collected_by' = any(named)
            then new.sample_collected_by else samples.sample_collected_by end,
        case when 'sample_collector_contact_email' = any(named)
            then new.sample_collector_contact_email else samples.sample_collector_contact_email end,
        case when 'sample_collector_contact_address' = any(named)
            then new.sample_collector_contact_address else samples.sample_collector_contact_address end,
        case when 'authors' = any(named)
            then coalesce(new.authors, '{}') else samples.authors end,
        case when 'organism' = any(named)
            then new.organism else samples.organism end,
        case when 'host' = any(named)
            then new.host else samples.host end,
        case when 'purpose_of_sampling' = any(named)
            then new.purpose_of_sampling else samples.purpose_of_sampling end,
        case when 'specimen_processing' = any(named)
            then new.specimen_processing else samples.specimen_processing end
    into
        found_id,
        new.pathogen_id, new.location_id, new.is_private, new.private_identifier,
        new.public_identifier, new.collection_date, new.sample_collected_by,
        new.sample_collector_contact_email, new.sample_collector_contact_address, new.authors,
        new.organism, new.host, new.purpose_of_sampling, new.specimen_processing
    from aspen.samples as samples
    where samples.id = old.id
    for no key update;
    -- Gone meanwhile, or no longer the caller's: as if it had not been found.
    if found_id is null then
        return null;
    end if;
    if coalesce(new.public_identifier, '') = '' then
        new.public_identifier := internal.generated_public_identifier(
            new.id, new.group_id, new.pathogen_id, new.location_id);
    end if;
    new.updated_at := now();

    rows_to_write := concat_ws(',', nullif(rows_to_write, ''), (
        select json_object_agg(fields.key, fields.value)
        from json_each(to_json(new)) as fields
        where fields.key = 'id' or fields.key = any(named)
    ));
    if length(rows_to_write) > 20000 then
        perform internal.write_samples(('[' || rows_to_write || ']')::json, named);
        rows_to_write := '';
    end if;
    perform set_config('aspen.samples_to_write', rows_to_write, true);
    return new;
end
$$;

comment on function internal.update_sample() is $$Trigger: changes a sample through api.samples

For each row and at the end of the statement. An empty public identifier is generated anew. Errors:
403 group_access_denied, 400 read_only_column, invalid_sample, 409 sample_exists.$$;

revoke all on function internal.update_sample() from public;

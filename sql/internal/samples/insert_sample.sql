-- A row is completed when its turn comes, so that it can be answered, and noted; several at a time
-- are checked and stored by one statement, which costs a third of one for each. The trigger at the
-- end of the statement stores the last ones. definer because members have no write privilege on
-- aspen.samples; row-level security holds for api_writer too.
create or replace function internal.insert_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds a row by its key; planning it again for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    row_number integer
        := coalesce(nullif(current_setting('aspen.sample_rows', true), ''), '0')::integer + 1;
    rows_to_store text := coalesce(current_setting('aspen.samples_to_insert', true), '');
    noted jsonb := '[]';
    sample aspen.samples;
    input internal.sample_input;
begin
    if tg_level = 'STATEMENT' then
        if rows_to_store <> '' then
            perform internal.store_noted_samples(
                ('{' || rows_to_store || '}')::internal.sample_input[]);
            perform set_config('aspen.samples_to_insert', '', true);
        end if;
        return null;
    end if;
    -- Twice as many can be stored within the time limit of a request.
    if row_number > 10000 then
        perform internal.fail(413, 'batch_too_large', 'A POST has at most 10000 samples', null,
            'Send them in parts, or all to create_samples.');
    end if;
    perform set_config('aspen.sample_rows', row_number::text, true);
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        noted := internal.noted_problems(to_jsonb(new));
    end if;
    if new.group_id is not null and not noted @> '[{"field": "group_id"}]' then
        perform authz.require_member(new.group_id, 'You cannot create samples in this group');
    end if;

    -- The view has the columns of the table in the same order.
    sample := new;
    sample := internal.new_sample(sample);
    sample.id := nextval('aspen.samples_id_seq');
    if coalesce(sample.public_identifier, '') = '' then
        sample.public_identifier := internal.generated_public_identifier(
            sample.id, sample.group_id, sample.pathogen_id, sample.location_id);
    end if;
    sample.updated_at := sample.created_at;
    -- As the table generates it (sql/tables/samples.sql).
    sample.disclosed_at := case
        when sample.is_private then '9999-01-01 00:00:00+00'::timestamptz
        when sample.restricted_until is null then '1900-01-01 00:00:00+00'::timestamptz
        else sample.restricted_until::timestamp at time zone 'UTC'
    end;

    input.row_number := row_number;
    input.sample := sample;
    input.problems := noted;
    -- An array of one, for its quotes.
    rows_to_store := concat_ws(',', nullif(rows_to_store, ''), btrim(array[input]::text, '{}'));
    if length(rows_to_store) > 20000 then
        perform internal.store_noted_samples(
            ('{' || rows_to_store || '}')::internal.sample_input[]);
        rows_to_store := '';
    end if;
    perform set_config('aspen.samples_to_insert', rows_to_store, true);

    new.id := sample.id;
    new.uploaded_by_id := sample.uploaded_by_id;
    new.is_private := sample.is_private;
    new.public_identifier := sample.public_identifier;
    new.sample_collected_by := sample.sample_collected_by;
    new.sample_collector_contact_address := sample.sample_collector_contact_address;
    new.authors := sample.authors;
    new.organism := sample.organism;
    new.host := sample.host;
    new.created_at := sample.created_at;
    new.updated_at := sample.updated_at;
    new.disclosed_at := sample.disclosed_at;
    return new;
end
$$;

comment on function internal.insert_sample() is $$Trigger: store a sample posted to api.samples

Runs for each row and at the end of the statement. Errors: 403 group_access_denied, 413
batch_too_large.$$;

revoke all on function internal.insert_sample() from public;

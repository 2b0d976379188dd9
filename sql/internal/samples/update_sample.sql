-- Writes the columns that the statement names and no others: old and new are the row as the
-- statement found it, and another request may have changed it since. Locking the row waits for that
-- request and reads the row again, so columns that are not named keep their newest value. A row is
-- locked when its turn comes, and noted; several at a time are checked and written together, which
-- costs a quarter of doing so for each. The trigger at the end of the statement writes the last
-- ones.
-- definer because members have no write privilege on aspen.samples; row-level security holds for
-- api_writer too.
create or replace function internal.update_sample()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
-- Each statement finds a row by its key; planning it again for every row of a batch costs more.
set plan_cache_mode = 'force_generic_plan'
as $$
declare
    named text[] := string_to_array(current_setting('aspen.named_columns', true), ',');
    given jsonb := to_jsonb(new);
    noted jsonb := '[]';
    stored aspen.samples;
    input internal.sample_input;
    change jsonb := jsonb_build_object('id', new.id);
    column_name text;
    rows_to_write text := coalesce(current_setting('aspen.samples_to_write', true), '');
begin
    if tg_level = 'STATEMENT' then
        if rows_to_write <> '' then
            perform internal.store_noted_changes(
                ('{' || rows_to_write || '}')::internal.sample_input[]);
            perform set_config('aspen.samples_to_write', '', true);
        end if;
        return null;
    end if;
    perform authz.require_member(old.group_id, 'You cannot change samples of this group', 'full');
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        noted := internal.noted_problems(given);
    end if;
    if noted = '[]' and (
            new.id, new.group_id, new.uploaded_by_id, new.created_at, new.updated_at, new.disclosed_at
        ) is distinct from (
            old.id, old.group_id, old.uploaded_by_id, old.created_at, old.updated_at, old.disclosed_at
        )
    then
        perform internal.fail(400, 'read_only_column',
            'id, group_id, uploaded_by_id and the timestamps cannot be set',
            json_build_object('id', old.id)::text);
    end if;

    -- Columns that foreign keys refer to need the stronger lock, from the start.
    if named && array[
        'is_private', 'restricted_until', 'private_identifier', 'public_identifier'
    ] then
        perform from aspen.samples as samples where samples.id = old.id for update;
    end if;
    select samples.* into stored
    from aspen.samples as samples
    where samples.id = old.id
    for no key update;
    -- Deleted, or no longer visible to the caller: as if it had not been found.
    if stored.id is null then
        return null;
    end if;
    foreach column_name in array coalesce(named, '{}') loop
        change := change || jsonb_build_object(column_name, given -> column_name);
    end loop;
    if change -> 'authors' = 'null' then
        change := change || '{"authors": []}';
    end if;
    -- Every change of a row sets updated_at; unless there was another one, new is right but for
    -- the authors.
    new := jsonb_populate_record(new, case
        when stored.updated_at = old.updated_at then change
        else to_jsonb(stored) || change
    end);
    if coalesce(new.public_identifier, '') = '' then
        new.public_identifier := internal.generated_public_identifier(
            new.id, new.group_id, new.pathogen_id, new.location_id);
        change := change || jsonb_build_object('public_identifier', new.public_identifier);
    end if;
    new.updated_at := now();
    -- As the table generates it (sql/tables/samples.sql).
    new.disclosed_at := case
        when new.is_private then '9999-01-01 00:00:00+00'::timestamptz
        when new.restricted_until is null then '1900-01-01 00:00:00+00'::timestamptz
        else new.restricted_until::timestamp at time zone 'UTC'
    end;

    input.row_number := old.id;
    -- The view has the columns of the table in the same order.
    input.sample := new;
    input.cells := change;
    input.problems := noted;
    -- An array of one, for its quotes.
    rows_to_write := concat_ws(',', nullif(rows_to_write, ''), btrim(array[input]::text, '{}'));
    if length(rows_to_write) > 20000 then
        perform internal.store_noted_changes(
            ('{' || rows_to_write || '}')::internal.sample_input[]);
        rows_to_write := '';
    end if;
    perform set_config('aspen.samples_to_write', rows_to_write, true);
    return new;
end
$$;

comment on function internal.update_sample() is $$Trigger: change a sample through api.samples

Runs for each row and at the end of the statement. An empty public identifier is generated again.
Errors: 403 group_access_denied, 400 read_only_column.$$;

revoke all on function internal.update_sample() from public;

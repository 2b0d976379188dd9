-- Reports the notes that no row's trigger reported: those of an update that found no row, and those
-- of a row that did not reach its trigger.
-- definer because API roles may not name internal.fail.
create or replace function internal.refuse_noted_values()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        perform internal.fail(400, 'invalid_value', 'Nothing was stored: some values are invalid',
            internal.listed_problems(
                ('[' || current_setting('aspen.bad_values') || ']')::json,
                current_setting('aspen.bad_value_count')::bigint
            ));
    end if;
    return null;
end
$$;

comment on function internal.refuse_noted_values() is
$$Trigger: reject invalid values that belong to no row

Errors: 400 invalid_value.$$;

revoke all on function internal.refuse_noted_values() from public;

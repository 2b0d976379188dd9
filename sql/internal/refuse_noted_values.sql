-- What no row's trigger told: an update that found no row, a row that did not come to its trigger.
-- definer because internal.fail is out of reach of API roles by name.
create or replace function internal.refuse_noted_values()
returns trigger
language plpgsql
volatile
security definer
set search_path = ''
as $$
begin
    if coalesce(current_setting('aspen.bad_value_count', true), '') <> '' then
        perform internal.fail(400, 'invalid_value', 'Nothing was stored: some values are not usable',
            internal.listed_problems(
                ('[' || current_setting('aspen.bad_values') || ']')::json,
                current_setting('aspen.bad_value_count')::bigint
            ));
    end if;
    return null;
end
$$;

comment on function internal.refuse_noted_values() is
$$Trigger: refuses values that are not usable and named for no row

Errors: 400 invalid_value.$$;

revoke all on function internal.refuse_noted_values() from public;

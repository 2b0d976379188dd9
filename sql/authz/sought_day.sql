-- immutable, so that the filter reaches an index.
create or replace function authz.sought_day(value text)
returns aspen.day
language sql
immutable
security invoker
begin atomic
    select
        internal.fail(
            400, 'invalid_value', 'A filter is not usable',
            json_build_array(
                json_build_object(
                    'value', left(sought_day.value, 200),
                    'reason', 'must be a date YYYY-MM-DD'
                )
            )::text
        )
    where
        sought_day.value is not null
        and internal.parse_date(internal.trimmed(sought_day.value)) is null;

    select internal.parse_date(internal.trimmed(sought_day.value))::aspen.day;
end;

comment on function authz.sought_day(text) is $$The day that a filter names

Errors: 400 invalid_value.$$;

revoke all on function authz.sought_day(text) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.sought_day(text)
to authenticator, anon, member, operator, job;

create cast (text as aspen.day) with function authz.sought_day(text) as implicit;

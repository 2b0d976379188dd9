-- immutable like the others, so that it is read once, with the plan, and refused even where there
-- is no row. Without an offset it hangs on the time zone of the request, but so does its plan.
create or replace function authz.sought_moment(value text)
returns aspen.moment
language sql
immutable
security invoker
begin atomic
    select
        internal.fail(
            400, 'invalid_value', 'A filter is not usable',
            json_build_array(
                json_build_object(
                    'value', left(sought_moment.value, 200),
                    'reason', 'must be a time in ISO 8601, like 2026-01-31T12:00:00Z'
                )
            )::text
        )
    where
        sought_moment.value is not null
        and internal.parse_moment(internal.trimmed(sought_moment.value)) is null;

    select internal.parse_moment(internal.trimmed(sought_moment.value))::aspen.moment;
end;

comment on function authz.sought_moment(text) is $$The moment that a filter names

Errors: 400 invalid_value.$$;

revoke all on function authz.sought_moment(text) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.sought_moment(text)
to authenticator, anon, member, operator, job;

create cast (text as aspen.moment) with function authz.sought_moment(text) as implicit;

-- immutable, so that the filter reaches an index.
create or replace function authz.sought_flag(value text)
returns aspen.flag
language sql
immutable
security invoker
begin atomic
    select
        internal.fail(
            400, 'invalid_value', 'A filter is not usable',
            json_build_array(
                json_build_object(
                    'value', left(sought_flag.value, 200),
                    'reason', 'must be true or false'
                )
            )::text
        )
    where
        sought_flag.value is not null
        and internal.parse_boolean(internal.trimmed(sought_flag.value)) is null;

    select internal.parse_boolean(internal.trimmed(sought_flag.value))::aspen.flag;
end;

comment on function authz.sought_flag(text) is $$The boolean that a filter names

Errors: 400 invalid_value.$$;

revoke all on function authz.sought_flag(text) from public;
-- PostgREST sees a cast if its login may execute it.
grant execute on function authz.sought_flag(text)
to authenticator, anon, member, operator, job;

create cast (text as aspen.flag) with function authz.sought_flag(text) as implicit;

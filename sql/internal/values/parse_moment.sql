-- A + that a client did not encode arrives in a URL as a space.
create or replace function internal.parse_moment(value text)
returns timestamptz
language plpgsql
stable
security invoker
set search_path = ''
as $$
begin
    if value !~ (
        '^[0-9]{4}-[0-9]{2}-[0-9]{2}'
        '([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[-+ ][0-9]{2}(:?[0-9]{2})?)?)?$'
    ) then
        return null;
    end if;
    return (left(value, 11) || replace(substr(value, 12), ' ', '+'))::timestamptz;
exception when data_exception then
    return null;
end
$$;

comment on function internal.parse_moment(text) is
$$The time of a text in ISO 8601, or null if it is not one

A day means its beginning; a time without an offset is in the time zone of the session.$$;

revoke all on function internal.parse_moment(text) from public;
grant execute on function internal.parse_moment(text) to anon, member, operator, job, api_writer;

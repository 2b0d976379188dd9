-- A date that is written wrongly must be reported with its row, so the cast must not end the
-- statement.
create or replace function internal.parse_date(value text)
returns date
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    if value !~ '^\d{4}-\d{2}-\d{2}$' then
        return null;
    end if;
    return make_date(left(value, 4)::integer, substr(value, 6, 2)::integer, right(value,
        2)::integer);
exception when datetime_field_overflow then
    return null;
end
$$;

comment on function internal.parse_date(text) is 'The date of a text YYYY-MM-DD, or null if it is none';

revoke all on function internal.parse_date(text) from public;
grant execute on function internal.parse_date(text) to api_writer;

-- A date that is written wrongly must be reported with its row, so nothing may end the statement;
-- and the cast of PostgreSQL also accepts 3/4/21, today and J2459000. There is no exception block:
-- for every row of a batch it would cost more than all the rest.
create or replace function internal.parse_date(value text)
returns date
language plpgsql
immutable
security invoker
set search_path = ''
as $$
begin
    if value ~ (
        '^(?!0000)[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])'
        '|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))$'
    ) and (
        value not like '%-02-29'
        or left(value, 4)::integer % 4 = 0
        and (left(value, 4)::integer % 100 <> 0 or left(value, 4)::integer % 400 = 0)
    ) then
        return make_date(left(value, 4)::integer, substr(value, 6, 2)::integer,
            right(value, 2)::integer);
    end if;
    return null;
end
$$;

comment on function internal.parse_date(text) is
'The date of a text YYYY-MM-DD, or null if it is not one';

revoke all on function internal.parse_date(text) from public;
grant execute on function internal.parse_date(text) to anon, member, operator, job, api_writer;

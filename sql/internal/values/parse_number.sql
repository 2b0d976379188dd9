-- Without a `set` clause, so that it is inlined. The exponent has at most two digits: a larger one
-- is out of range, and an error would end the statement.
create or replace function internal.parse_number(value text)
returns double precision
language sql
immutable
security invoker
begin atomic
    select
        case
            when parse_number.value ~ '^-?[0-9]{1,40}(\.[0-9]{1,40})?([Ee][-+]?[0-9]{1,2})?$'
                then parse_number.value::double precision
        end;
end;

comment on function internal.parse_number(text) is
'The number of a text like 30, 0.5 or 1e-05, or null if it is not one';

revoke all on function internal.parse_number(text) from public;
grant execute on function internal.parse_number(text) to anon, member, operator, job, api_writer;

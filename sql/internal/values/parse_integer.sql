-- Without a `set` clause, so that it is inlined: it runs for every row of a batch.
create or replace function internal.parse_integer(value text)
returns bigint
language sql
immutable
security invoker
begin atomic
    select case when parse_integer.value ~ '^-?[0-9]{1,18}$' then parse_integer.value::bigint end;
end;

comment on function internal.parse_integer(text) is
'The integer of a text of digits, or null: 1.0, 1e3 and 0x1 are null';

revoke all on function internal.parse_integer(text) from public;
grant execute on function internal.parse_integer(text) to anon, member, operator, job, api_writer;

-- Without a `set` clause, so that it is inlined: it runs for every row of a batch.
create or replace function internal.parse_boolean(value text)
returns boolean
language sql
immutable
security invoker
begin atomic
    select case parse_boolean.value when 'true' then true when 'false' then false end;
end;

comment on function internal.parse_boolean(text) is
'The boolean of the text true or false, or null: yes, TRUE and 1 are null';

revoke all on function internal.parse_boolean(text) from public;
grant execute on function internal.parse_boolean(text) to anon, member, operator, job, api_writer;

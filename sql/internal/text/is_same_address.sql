-- Without a `set` clause, so that it is inlined and its first part reaches an index on
-- lower(email). The second part compares letters outside ASCII as they are: lower() makes a k of
-- the Kelvin sign, which is the mailbox of somebody else.
create or replace function internal.is_same_address(one text, other text)
returns boolean
language sql
immutable
security invoker
begin atomic
    select
        lower(is_same_address.one) = lower(is_same_address.other)
        and lower(is_same_address.one collate "C") = lower(is_same_address.other collate "C");
end;

comment on function internal.is_same_address(text, text) is
'Whether two e-mail addresses differ at most in upper and lower case';

revoke all on function internal.is_same_address(text, text) from public;
grant execute on function internal.is_same_address(text, text) to claims_reader, registrar;

-- For the checks of tables, so a part of them: to change it, write a migration. A name neither
-- holds characters one cannot see (controls, separators, directions, zero widths) nor begins with a
-- space or, as it may come in an answer that is CSV, like a formula of a spreadsheet.
-- No bounds like {0,126} in the expression: they take twenty times as long as the rest. Not in SQL:
-- a check is prepared for every statement, and to inline a function takes longer than to call it.
create or replace function aspen.is_name(name text)
returns boolean
language plpgsql
immutable
strict
security invoker
set search_path = ''
as $$
begin
    return name !~ (
        '^[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000=+@\uff0b\uff0d\uff1d\uff20-]'
        '|[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]$'
        '|[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e'
        '\u2060-\u206f\ufeff\ufff9-\uffff\U000e0000-\U000e007f]'
    );
end
$$;

comment on function aspen.is_name(text) is
'Whether a text will do as a name or an identifier; null for null';

revoke all on function aspen.is_name(text) from public;

grant execute on function aspen.is_name(text) to member, api_writer;

-- The rule of the table checks, which cannot call code: keep both in step. A name contains no
-- invisible characters (controls, separators, directions, zero widths) and does not begin with a
-- space or, because answers may be CSV, like a spreadsheet formula.
-- The expression has no bounds like {0,126}: they take twenty times as long as the rest.
create or replace function internal.is_name(name text)
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

comment on function internal.is_name(text) is
'Whether a text is a valid name or identifier; null for null';

revoke all on function internal.is_name(text) from public;
grant execute on function internal.is_name(text) to api_writer, registrar;

-- The rule of the table checks, which cannot call code: keep both in step. A text is one line
-- without control characters and changes of direction. Because answers may be CSV, it does not
-- begin like a spreadsheet formula; a number may have a sign.
create or replace function internal.is_text(value text)
returns boolean
language plpgsql
immutable
strict
security invoker
set search_path = ''
as $$
begin
    return value !~ (
        '[\u0001-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]'
        '|^[=@\uff1d\uff20]|^[+\uff0b\uff0d-].*[^-+0-9 ().,/]'
    );
end
$$;

comment on function internal.is_text(text) is 'Whether a text is a valid free text; null for null';

revoke all on function internal.is_text(text) from public;
grant execute on function internal.is_text(text) to api_writer;

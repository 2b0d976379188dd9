create or replace function internal.has_forbidden_characters(value text)
returns boolean
language sql
immutable
strict
security invoker
set search_path = ''
as $$
    select value ~ '[\u0001-\u001F\u007F-\u009F\u2028-\u202E\u2066-\u2069]';
$$;

comment on function internal.has_forbidden_characters(text) is
$$Whether a text holds characters that a name must not have

Control characters (C0, DEL, C1), line and paragraph separators, and those that turn the direction
of the text around them.$$;

revoke all on function internal.has_forbidden_characters(text) from public;
grant execute on function internal.has_forbidden_characters(text) to api_writer;

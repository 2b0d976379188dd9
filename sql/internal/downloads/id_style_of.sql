create or replace function internal.id_style_of(given text)
returns text
language plpgsql
stable
security invoker
set search_path = ''
as $$
declare
    id_style text := internal.trimmed(given);
begin
    if id_style is null or id_style not in ('public', 'private') then
        perform internal.fail(400, 'invalid_argument', 'id_style must be public or private',
            json_build_object('id_style', left(given, 200))::text);
    end if;
    return id_style;
end
$$;

comment on function internal.id_style_of(text) is $$How a file names samples: public or private

Errors: 400 invalid_argument.$$;

revoke all on function internal.id_style_of(text) from public;
grant execute on function internal.id_style_of(text) to api_writer;

-- In CSV a list is a text in the array syntax of PostgreSQL; one with a wrong syntax must not end
-- the statement. The white space is that of internal.trimmed, which this function cannot call by
-- name: a member may not use the schema.
create or replace function internal.parse_words_list(cell json)
returns text[]
language plpgsql
immutable
security invoker
set search_path = ''
as $$
declare
    items text[];
begin
    if json_typeof(cell) = 'array' then
        if exists (
            select from json_array_elements(cell) as listed(item)
            where json_typeof(listed.item) not in ('string', 'null')
        ) then
            return null;
        end if;
        items := array(select json_array_elements_text(cell));
    elsif json_typeof(cell) = 'string' and cell #>> '{}' ~ '^\s*\{' then
        begin
            items := (cell #>> '{}')::text[];
        exception when invalid_text_representation then
            return null;
        end;
        if array_ndims(items) > 1 then
            return null;
        end if;
    else
        return null;
    end if;
    -- A blank text stays and is rejected later: something was meant to be there.
    return array(
        select btrim(
            listed.item,
            E' \t\n\u000b\f\r\u001c\u001d\u001e\u001f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003'
                '\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
        )
        from unnest(items) with ordinality as listed(item, place)
        order by listed.place
    );
end
$$;

comment on function internal.parse_words_list(json) is
$$The texts of a list without white space around each

Returns null for anything else.$$;

revoke all on function internal.parse_words_list(json) from public;
grant execute on function internal.parse_words_list(json)
to anon, member, operator, job, api_writer, registrar;

create or replace function internal.uri_encode(value text, reserved_kept text default '')
returns text
language sql
immutable
strict
security invoker
set search_path = ''
as $$
    select coalesce(string_agg(
        case when characters.letter ~ '^[A-Za-z0-9._~-]$'
            or position(characters.letter in reserved_kept) > 0
            then characters.letter
            else (
                select string_agg('%' || upper(lpad(to_hex(get_byte(encoded.bytes,
                    positions.position)), 2, '0')), ''
                    order by positions.position)
                from (select convert_to(characters.letter, 'UTF8') as bytes) as encoded
                cross join lateral generate_series(0, length(encoded.bytes) - 1)
                    as positions(position)
            )
        end,
        '' order by characters.ordinality
    ), '')
    from regexp_split_to_table(value, '') with ordinality as characters(letter, ordinality)
    where value <> '';
$$;

comment on function internal.uri_encode(text, text) is
$$Percent-encode a text as RFC 3986 and AWS require

Encodes all but A-Z a-z 0-9 - . _ ~ and the characters to keep.$$;

revoke all on function internal.uri_encode(text, text) from public;
grant execute on function internal.uri_encode(text, text) to presigner;

-- Takes out control characters, and those that turn the direction of a text around.
create or replace function internal.html_text(value text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        replace(
            replace(
                replace(
                    replace(
                        replace(
                            regexp_replace(
                                html_text.value,
                                '[\u0001-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e]'
                                || '|[\u2066-\u2069]',
                                ' ',
                                'g'
                            ),
                            '&', '&amp;'
                        ),
                        '<', '&lt;'
                    ),
                    '>', '&gt;'
                ),
                '"', '&quot;'
            ),
            '''', '&#39;'
        );
end;

comment on function internal.html_text(text) is
'A text as it stands in HTML and SVG, between tags and in attributes';

revoke all on function internal.html_text(text) from public;
grant execute on function internal.html_text(text) to member;

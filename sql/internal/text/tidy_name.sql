-- Without a `set` clause, so that it is inlined. Control characters and line ends stay and are
-- rejected later.
create or replace function internal.tidy_name(name text)
returns text
language sql
immutable
security invoker
begin atomic
    select
        normalize(
            btrim(
                regexp_replace(
                    tidy_name.name, '[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+', ' ', 'g'
                )
            )
        );
end;

comment on function internal.tidy_name(text) is $$A name without invisible differences

Removes white space around it, keeps one space between words, and composes accented letters (NFC).$$;

revoke all on function internal.tidy_name(text) from public;
grant execute on function internal.tidy_name(text) to api_writer;
